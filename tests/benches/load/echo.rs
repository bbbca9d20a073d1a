//! Servers that do nothing of their own: the echo server behind every bridge,
//! which is also the bare copy loop that `tcp-echo` stands beside, and one that
//! sends and takes as many bytes as `auth` does without looking at them.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Room for each recv, in bytes.
pub(crate) const ROOM: usize = 64 * 1024;

/// Echoes until it is killed; says where.
pub(crate) fn run() {
    serve(|mut stream| async move {
        let mut room = vec![0; ROOM];
        loop {
            match stream.read(&mut room).await? {
                0 => return Ok(()),
                count => stream.write_all(&room[..count]).await?,
            }
        }
    });
}

/// What `auth` sends and takes in the load's handshakes, and nothing else.
pub(crate) fn run_floor() {
    serve(|mut stream| async move {
        stream.write_all(&[0; 32]).await?;
        let mut room = [0; 25];
        stream.read_exact(&mut room).await?;
        stream.write_all(b"HELLO").await?;
        stream.read(&mut room).await.map(drop)
    });
}

fn serve<Talk, Done>(talk: Talk)
where
    Talk: Fn(TcpStream) -> Done + Send + 'static,
    Done: Future<Output = io::Result<()>> + Send + 'static,
{
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    // On the runtime's own threads, where what it accepts is served.
    let served = runtime.spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("listening {}", listener.local_addr().expect("it is bound"));
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            tokio::spawn(talk(stream));
        }
    });
    let _ = runtime.block_on(served);
}
