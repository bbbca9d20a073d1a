conn, peer = listener.accept()  # @accept
waiting = b""
while chunk := conn.recv(BUFFER):  # @recv
    waiting += chunk
    # A chunk may end inside a message, or inside the mark.
    *messages, waiting = waiting.split(DELIMITER)
    for message in messages:
        print(message)
    if len(waiting) > LIMIT:
        raise ValueError("no end in sight")
conn.close()  # @close
