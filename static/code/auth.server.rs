// Several threads run this, each with its own client.
let (conn, _peer) = listener.accept()?; // @accept
let mut input = BufReader::with_capacity(BUFFER, &conn);
let challenge: [u8; 32] = rand::random();
(&conn).write_all(&challenge)?; // @send.challenge
let (mut answer, mut header) = ([0; 16], [0; 4]);
input.read_exact(&mut answer)?; // @recv.answer
verify(KEY, &challenge, &answer)?; // in constant time
while input.read_exact(&mut header).is_ok() { // @recv.header
    let mut body = vec![0; length_of(header)?]; // checked
    input.read_exact(&mut body)?; // @recv.body
    body.make_ascii_uppercase();
    (&conn).write_all(&body)?; // @send.reply
}
drop(conn); // @close
