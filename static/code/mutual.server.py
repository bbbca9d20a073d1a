def serve(listener):  # several threads run this
    conn, _peer = listener.accept()  # @accept
    with conn, conn.makefile("rb", BUFFER) as stream:  # @close
        own = os.urandom(32)
        conn.sendall(own)  # @send.challenge
        theirs = stream.read(32)  # @recv.answer
        proof = stream.read(32)
        right = mac(KEY, LABEL + b"client" + own + theirs)
        if not hmac.compare_digest(proof, right):
            return  # and prove nothing
        mine = mac(KEY, LABEL + b"server" + own + theirs)
        conn.sendall(mine)  # @send.proof
        while header := stream.read(4):  # @recv.header
            n = length_of(header)  # checked against LIMIT
            body = stream.read(n)  # @recv.body
            conn.sendall(body.upper())  # @send.reply
