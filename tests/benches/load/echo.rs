//! The echo server behind every bridge, and the bare copy loop that `tcp-echo`
//! stands beside: what tokio's own examples have, with room for 64 KiB.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Room for each recv, in bytes.
pub(crate) const ROOM: usize = 64 * 1024;

/// Serves until it is killed; says where.
pub(crate) fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("listening {}", listener.local_addr().expect("it is bound"));
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let mut room = vec![0; ROOM];
                while let Ok(count @ 1..) = stream.read(&mut room).await {
                    if stream.write_all(&room[..count]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
}
