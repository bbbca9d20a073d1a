let mut buffer = [0; BUFFER];
loop {
    let (mut conn, _peer) = listener.accept()?; // @accept
    loop {
        thread::sleep(READ_DELAY);
        // Whatever is there, BUFFER bytes at most.
        let n = conn.read(&mut buffer)?; // @recv
        if n == 0 {
            break; // the client has sent all it will
        }
        println!("{n} {}", buffer[..n].escape_ascii());
    }
    drop(conn); // @close
}
