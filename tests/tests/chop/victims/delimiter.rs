//! Lines that end in CR LF, each answered with its length. Wrong: the end of a line is looked
//! for in each chunk by itself.
use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    let mended = std::env::args().nth(1).as_deref() == Some("mended");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let mut line = Vec::new();
        let mut chunk = [0; 256];
        while let Ok(count @ 1..) = stream.read(&mut chunk) {
            let mut searched = line.len();
            line.extend_from_slice(&chunk[..count]);
            if mended {
                searched = 0;
            }
            while let Some(at) = line[searched..].windows(2).position(|two| two == b"\r\n") {
                let end = searched + at;
                let answer = format!("{end} ");
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
                line.drain(..end + 2);
                searched = 0;
            }
        }
    }
}
