// Several threads run this, each with its own client.
let (conn, _peer) = listener.accept()?; // @accept
let mut input = BufReader::with_capacity(BUFFER, &conn);
let own: [u8; 32] = rand::random();
(&conn).write_all(&own)?; // @send.challenge
let (mut theirs, mut proof) = ([0; 32], [0; 32]);
input.read_exact(&mut theirs)?; // @recv.answer
input.read_exact(&mut proof)?;
verify(KEY, "client", &own, &theirs, &proof)?;
let mine = mac(KEY, "server", &own, &theirs);
(&conn).write_all(&mine)?; // @send.proof
while let Some(body) = frame(&mut input)? { // @recv.header @recv.body
    let reply = body.to_ascii_uppercase();
    (&conn).write_all(&reply)?; // @send.reply
}
drop(conn); // @close
