sock = create_connection(server)  # @connect
ask = sock.recv(32, MSG_WAITALL)  # @recv.challenge
own = os.urandom(32)  # a nonce, used once
mine = mac(KEY, LABEL + b"client" + ask + own)
sock.sendall(own + mine)  # @send.answer
right = mac(KEY, LABEL + b"server" + ask + own)
proof = sock.recv(32, MSG_WAITALL)  # @recv.proof
if not hmac.compare_digest(proof, right):
    raise ValueError("this server does not know the key")
for body in map(str.encode, messages):
    header = struct.pack("<i", len(body))
    sock.sendall(header)  # @send.header
    sock.sendall(body)  # @send.body
    print(sock.recv(len(body), MSG_WAITALL))  # @recv.reply
sock.shutdown(SHUT_WR)  # @shutdown
sock.close()  # @close
