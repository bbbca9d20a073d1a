//! Blocks of 16 bytes, each answered with its first byte. Wrong: `read` in place of
//! `read_exact`.
use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    let mended = std::env::args().nth(1).as_deref() == Some("mended");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        loop {
            let mut block = [0; 16];
            let is_read = if mended {
                stream.read_exact(&mut block).is_ok()
            } else {
                matches!(stream.read(&mut block), Ok(1..))
            };
            if !is_read || stream.write_all(&block[..1]).is_err() {
                break;
            }
        }
    }
}
