let mut stream = TcpStream::connect(server)?; // @connect
for message in messages {
    stream.write_all(message.as_bytes())?; // @send
    // As many bytes as sent, in as many reads as it takes.
    let mut reply = vec![0; message.len()];
    stream.read_exact(&mut reply)?; // @recv
    show(&reply);
}
stream.shutdown(Shutdown::Write)?; // @shutdown
drop(stream); // @close
