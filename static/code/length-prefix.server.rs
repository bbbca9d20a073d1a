let (conn, _peer) = listener.accept()?; // @accept
// recv() takes what is there, read_exact() waits for all.
let mut input = BufReader::with_capacity(BUFFER, &conn);
let mut header = [0; 4];
while input.read_exact(&mut header).is_ok() { // @recv.header
    let length = i32::from_le_bytes(header);
    if !(0..=LIMIT).contains(&length) {
        return Err("a bad length".into());
    }
    let mut body = vec![0; length as usize];
    input.read_exact(&mut body)?; // @recv.body
    show(&body);
}
drop(conn); // @close
