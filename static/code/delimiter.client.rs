let mut stream = TcpStream::connect(server)?; // @connect
for message in messages {
    let framed = [message.as_bytes(), DELIMITER].concat();
    // Not escaped: an earlier mark would make two of it.
    if find(&framed, DELIMITER) != Some(message.len()) {
        return Err("the mark is in the message".into());
    }
    stream.write_all(&framed)?; // @send
}
stream.shutdown(Shutdown::Write)?; // @shutdown
// 0 bytes: the server has read everything.
while stream.read(&mut [0; BUFFER])? > 0 {} // @recv
drop(stream); // @close
