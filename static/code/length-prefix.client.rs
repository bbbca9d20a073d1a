let mut stream = TcpStream::connect(server)?; // @connect
for message in messages {
    // len() counts bytes, not characters.
    let length = i32::try_from(message.len())?;
    stream.write_all(&length.to_le_bytes())?; // @send.header
    stream.write_all(message.as_bytes())?; // @send.body
}
stream.shutdown(Shutdown::Write)?; // @shutdown
// 0 bytes: the server has read everything.
while stream.read(&mut [0; BUFFER])? > 0 {} // @recv
drop(stream); // @close
