let mut stream = TcpStream::connect(server)?; // @connect
for message in messages {
    // There is no escaping: it would come out as two.
    if find(message.as_bytes(), DELIMITER).is_some() {
        return Err("the mark is in the message".into());
    }
    let framed = [message.as_bytes(), DELIMITER].concat();
    stream.write_all(&framed)?; // @send
}
stream.shutdown(Shutdown::Write)?; // @shutdown
// 0 bytes: the server has read everything.
while stream.read(&mut [0; BUFFER])? > 0 {} // @recv
drop(stream); // @close
