let (mut conn, _peer) = listener.accept()?; // @accept
let (mut waiting, mut buffer) = (Vec::new(), [0; BUFFER]);
loop {
    let length = conn.read(&mut buffer)?; // @recv
    if length == 0 { break; }
    waiting.extend_from_slice(&buffer[..length]);
    // Chunks and frames need not line up.
    while waiting.len() >= SIZE {
        let frame: Vec<_> = waiting.drain(..SIZE).collect();
        let last = frame.iter().rposition(|&b| b != PAD);
        show(&frame[..last.map_or(0, |last| last + 1)]);
    }
}
drop(conn); // @close
