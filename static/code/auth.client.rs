let mut stream = TcpStream::connect(server)?; // @connect
let mut challenge = [0; 32];
stream.read_exact(&mut challenge)?; // @recv.challenge
let answer = hmac_md5(KEY, &challenge);
stream.write_all(&answer)?; // @send.answer
for message in messages {
    let length = i32::try_from(message.len())?; // bytes
    stream.write_all(&length.to_le_bytes())?; // @send.header
    stream.write_all(message.as_bytes())?; // @send.body
    let mut reply = vec![0; message.len()];
    stream.read_exact(&mut reply)?; // @recv.reply
    show(&reply);
}
stream.shutdown(Shutdown::Write)?; // @shutdown
drop(stream); // @close
