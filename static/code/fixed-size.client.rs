let mut stream = TcpStream::connect(server)?; // @connect
for message in messages {
    let mut frame = message.as_bytes().to_vec();
    // Too long, or padding at its end: it can't be sent.
    if frame.len() > SIZE || frame.last() == Some(&PAD) {
        return Err(message.into());
    }
    frame.resize(SIZE, PAD);
    stream.write_all(&frame)?; // @send
}
stream.shutdown(Shutdown::Write)?; // @shutdown
// 0 bytes: the server has read everything.
while stream.read(&mut [0; BUFFER])? > 0 {} // @recv
drop(stream); // @close
