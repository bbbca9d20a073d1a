let (mut conn, _peer) = listener.accept()?; // @accept
let (mut waiting, mut buffer) = (Vec::new(), [0; BUFFER]);
loop {
    let length = conn.read(&mut buffer)?; // @recv
    if length == 0 { break; }
    waiting.extend_from_slice(&buffer[..length]);
    // A chunk may end inside a message, or inside the mark.
    while let Some(end) = find(&waiting, DELIMITER) {
        show(&waiting[..end]);
        waiting.drain(..end + DELIMITER.len());
    }
    if waiting.len() > LIMIT {
        return Err("no end in sight".into());
    }
}
drop(conn); // @close
