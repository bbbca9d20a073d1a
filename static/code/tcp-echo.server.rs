let mut buffer = [0; BUFFER];
loop {
    // The next client waits in the kernel meanwhile.
    let (mut conn, _peer) = listener.accept()?; // @accept
    loop {
        let n = conn.read(&mut buffer)?; // @recv
        if n == 0 {
            break; // the client has sent all it will
        }
        let reply = buffer[..n].to_ascii_uppercase();
        conn.write_all(&reply)?; // @send
    }
    drop(conn); // @close
}
