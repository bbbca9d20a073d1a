let socket = UdpSocket::bind("127.0.0.1:0")?;
let patience = Duration::from_millis(500);
socket.set_read_timeout(Some(patience))?;
let mut buffer = [0; BUFFER];
for message in messages {
    socket.send_to(message.as_bytes(), server)?; // @send
    match socket.recv_from(&mut buffer) { // @recv
        Ok((n, _)) => show(&buffer[..n]),
        Err(error) => eprintln!("no reply: {error}"),
    }
}
drop(socket); // @close
