sock = create_connection(server)  # @connect
challenge = sock.recv(32, MSG_WAITALL)  # @recv.challenge
answer = hmac.digest(KEY, challenge, "md5")
sock.sendall(answer)  # @send.answer
for message in messages:
    body = message.encode()
    header = struct.pack("<i", len(body))
    sock.sendall(header)  # @send.header
    sock.sendall(body)  # @send.body
    reply = sock.recv(len(body), MSG_WAITALL)  # @recv.reply
    if len(reply) < len(body):
        raise EOFError("the server has closed")
    print(reply)
sock.shutdown(SHUT_WR)  # @shutdown
sock.close()  # @close
