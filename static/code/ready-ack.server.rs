let (mut conn, _peer) = listener.accept()?; // @accept
let (mut digits, mut buffer) = (Vec::new(), [0; BUFFER]);
loop {
    let n = conn.read(&mut buffer)?; // @recv.header
    if n == 0 { break }
    digits.extend_from_slice(&buffer[..n]);
    if more_within(&conn, PAUSE)? {
        continue; // only silence ends the number
    }
    let mut body = vec![0; length_of(&digits)?]; // checked
    digits.clear();
    conn.write_all(b"ready")?; // @send.ready
    conn.read_exact(&mut body)?; // @recv.body
    show(&body);
}
drop(conn); // @close
