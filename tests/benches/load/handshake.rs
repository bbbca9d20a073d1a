//! The client's half of `auth`, with nothing of the product's: challenge,
//! answer, one frame, its reply.

use std::io;

use tests::hmac::{KEY, hmac_md5};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The message that follows the answer.
const MESSAGE: &[u8] = b"hello";

/// Answers the challenge with `key` and sends one frame, in one send; takes
/// the reply. An error if there is none.
pub(crate) async fn converse(stream: &mut TcpStream, key: &[u8]) -> io::Result<()> {
    let mut challenge = [0; 32];
    stream.read_exact(&mut challenge).await?;
    let mut sent = hmac_md5(key, &challenge).to_vec();
    sent.extend([5, 0, 0, 0]);
    sent.extend(MESSAGE);
    stream.write_all(&sent).await?;
    let mut reply = [0; MESSAGE.len()];
    stream.read_exact(&mut reply).await?;
    if reply == *b"HELLO" {
        Ok(())
    } else {
        Err(io::Error::other("another reply"))
    }
}

/// The same with the right key.
pub(crate) async fn right(stream: &mut TcpStream) -> io::Result<()> {
    converse(stream, KEY).await
}
