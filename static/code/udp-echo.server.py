sock = socket(AF_INET, SOCK_DGRAM)
sock.bind(address)
while True:
    # One datagram a call; what exceeds BUFFER is gone.
    data, peer = sock.recvfrom(BUFFER)  # @recv
    sock.sendto(data.upper(), peer)  # @send
