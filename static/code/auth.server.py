def serve(conn):
    with conn, conn.makefile("rb", BUFFER) as stream:  # @close
        challenge = os.urandom(32)
        conn.sendall(challenge)  # @send.challenge
        right = hmac.digest(KEY, challenge, "md5")
        answer = stream.read(16)  # @recv.answer
        if not hmac.compare_digest(answer, right):
            return  # no word about why
        while header := stream.read(4):  # @recv.header
            n = length_of(header)  # checked against LIMIT
            body = stream.read(n)  # @recv.body
            conn.sendall(body.upper())  # @send.reply

while True:
    conn, peer = listener.accept()  # @accept
    Thread(target=serve, args=(conn,)).start()
