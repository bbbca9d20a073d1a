let mut stream = TcpStream::connect(server)?; // @connect
for message in messages {
    // len() counts bytes, not characters.
    let header = message.len().to_string();
    stream.write_all(header.as_bytes())?; // @send.header
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?; // @recv.ready
    if &answer != b"ready" {
        return Err("not ready".into());
    }
    stream.write_all(message.as_bytes())?; // @send.body
}
stream.shutdown(Shutdown::Write)?; // @shutdown
drop(stream); // @close
