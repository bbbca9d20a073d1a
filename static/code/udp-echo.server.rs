let socket = UdpSocket::bind(address)?;
let mut buffer = [0; BUFFER];
loop {
    // One datagram a call; what exceeds the buffer is gone.
    let (n, peer) = socket.recv_from(&mut buffer)?; // @recv
    let reply = buffer[..n].to_ascii_uppercase();
    socket.send_to(&reply, peer)?; // @send
}
