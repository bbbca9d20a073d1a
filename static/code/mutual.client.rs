let mut stream = TcpStream::connect(server)?; // @connect
let (mut ask, mut proof) = ([0; 32], [0; 32]);
stream.read_exact(&mut ask)?; // @recv.challenge
let own: [u8; 32] = rand::random(); // used once
let mine = mac(KEY, "client", &ask, &own);
stream.write_all(&[own, mine].concat())?; // @send.answer
stream.read_exact(&mut proof)?; // @recv.proof
verify(KEY, "server", &ask, &own, &proof)?;
for message in messages {
    stream.write_all(&header(message)?)?; // @send.header
    stream.write_all(message.as_bytes())?; // @send.body
    let mut reply = vec![0; message.len()];
    stream.read_exact(&mut reply)?; // @recv.reply
}
stream.shutdown(Shutdown::Write)?; // @shutdown
drop(stream); // @close
