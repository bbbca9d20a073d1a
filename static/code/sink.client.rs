let mut stream = TcpStream::connect(server)?; // @connect
stream.set_nodelay(NODELAY)?;
for message in messages {
    stream.write_all(message.as_bytes())?; // @send
    thread::sleep(GAP);
}
stream.shutdown(Shutdown::Write)?; // @shutdown
// 0 bytes: the server has read everything.
while stream.read(&mut [0; BUFFER])? > 0 {} // @recv
drop(stream); // @close
