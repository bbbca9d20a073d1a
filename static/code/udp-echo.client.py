sock = socket(AF_INET, SOCK_DGRAM)
sock.settimeout(0.5)  # a datagram may get lost
for message in messages:
    sock.sendto(message.encode(), server)  # @send
    try:
        reply, peer = sock.recvfrom(BUFFER)  # @recv
        print(reply)
    except TimeoutError:
        print("no reply")
sock.close()  # @close
