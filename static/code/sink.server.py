while True:
    conn, peer = listener.accept()  # @accept
    time.sleep(READ_DELAY)
    # Whatever is there, BUFFER bytes at most.
    while chunk := conn.recv(BUFFER):  # @recv
        print(len(chunk), chunk)
        time.sleep(READ_DELAY)
    conn.close()  # @close
