//! A connection through a WebSocket bridge: a message out is one send() of the
//! bridge, a message in one of its recv(). The frames are a library's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures_util::{Sink as _, Stream as _};
use protocol::System;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::header::CONTENT_TYPE;
use tokio_tungstenite::tungstenite::http::{Response, Uri};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::Failure;
use super::endpoint::{BridgeUrl, Trust};
use crate::printable;

/// How long a bridge may take for its part of the handshakes.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Most bytes that are sent as one message; a bridge takes 1 MiB.
const LARGEST: usize = 64 * 1024;
/// Most bytes of a message that is received.
const LARGEST_RECEIVED: usize = 1024 * 1024;
/// Most characters that are shown of what a bridge says of its refusal.
const SHOWN: usize = 300;

/// One connection. As a stream it takes each write for a message, and gives
/// the bytes of messages without their boundaries; its shutdown is a close.
///
/// A write that is given up before it is done has to be made again with the
/// same bytes: they are on their way.
pub(super) struct Tunnel {
    web: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What was received and not read yet.
    received: Bytes,
    /// Bytes that were given to the WebSocket and are not flushed yet.
    unflushed: Option<usize>,
    closing: bool,
    ended: bool,
}

/// How the bridge closed, if not with 1000.
#[derive(Debug, thiserror::Error)]
#[error("the bridge closed the connection with {code}: {reason}")]
pub struct Closed {
    /// The code (RFC 6455, section 7.4.1).
    pub code: u16,
    /// What it said; never empty.
    pub reason: String,
}

impl Tunnel {
    /// Connects to the bridge at `url`; without a path to that of `system`.
    pub(super) async fn connect(
        url: &BridgeUrl,
        trust: Option<&Trust>,
        system: System,
    ) -> Result<Self, Failure> {
        let uri = url.with_path(system);
        let failed = |problem: String| Failure::Bridge {
            url: uri.to_string(),
            problem,
        };
        let connecting = async {
            let found = url.address().to_connect().await.map_err(Error::Io)?;
            let stream = TcpStream::connect(&found[..]).await.map_err(Error::Io)?;
            // A message must not wait for the acknowledgement of the one
            // before (RFC 896). It fails only if the connection is gone.
            let _ = stream.set_nodelay(true);
            open(uri.clone(), stream, trust).await
        };
        match timeout(HANDSHAKE, connecting).await {
            Ok(Ok(web)) => Ok(Self {
                web,
                received: Bytes::new(),
                unflushed: None,
                closing: false,
                ended: false,
            }),
            Ok(Err(error)) => Err(failed(explain(error, url.is_tls()))),
            Err(_) => Err(failed(format!(
                "no answer within {} s",
                HANDSHAKE.as_secs()
            ))),
        }
    }

    /// The next message; none once the bridge has closed with 1000.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        loop {
            let message = match ready!(Pin::new(&mut self.web).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Ok(Some(bytes))),
                Some(Ok(Message::Text(text))) => return Poll::Ready(Ok(Some(text.into()))),
                Some(Ok(Message::Close(frame))) => closed(frame),
                // A pong is sent with the next read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Err(broken(error)),
                None => Ok(None),
            };
            self.ended = true;
            return Poll::Ready(message);
        }
    }

    /// Sends a message. Has to be polled with the same bytes until it is ready.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>> {
        let mut web = Pin::new(&mut self.web);
        if self.unflushed.is_none() {
            ready!(web.as_mut().poll_ready(cx)).map_err(broken)?;
            let message = Message::binary(bytes.to_vec());
            web.as_mut().start_send(message).map_err(broken)?;
            self.unflushed = Some(bytes.len());
        }
        let flushed = ready!(web.poll_flush(cx));
        self.unflushed = None;
        Poll::Ready(flushed.map_err(broken))
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // An empty message is not the end of the stream.
        while self.received.is_empty() {
            match ready!(self.poll_message(cx))? {
                Some(bytes) => self.received = bytes,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.received.len().min(room.remaining());
        room.put_slice(&self.received[..count]);
        self.received.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = self.unflushed.unwrap_or(bytes.len().min(LARGEST));
        ready!(self.poll_send(cx, &bytes[..count]))?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is written before it is flushed.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closing = std::mem::replace(&mut self.closing, true);
        let mut web = Pin::new(&mut self.web);
        if !closing {
            let close = CloseFrame {
                code: CloseCode::Normal,
                reason: "".into(),
            };
            web.as_mut()
                .start_send(Message::Close(Some(close)))
                .map_err(broken)?;
        }
        match ready!(web.poll_flush(cx)) {
            // The bridge was faster, which the next read tells.
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => Poll::Ready(Ok(())),
            flushed => Poll::Ready(flushed.map_err(broken)),
        }
    }
}

/// The handshakes of TLS, for `wss://`, and of WebSocket.
async fn open(
    uri: Uri,
    stream: TcpStream,
    trust: Option<&Trust>,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Error> {
    let connector = trust.map(|trust| Connector::Rustls(trust.0.clone()));
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_RECEIVED))
        .max_frame_size(Some(LARGEST_RECEIVED));
    let opening = client_async_tls_with_config(uri, stream, Some(config), connector);
    Ok(opening.await?.0)
}

/// The end of the stream, or the close that is none.
fn closed(frame: Option<CloseFrame>) -> io::Result<Option<Bytes>> {
    match frame {
        None => Ok(None),
        Some(frame) if frame.code == CloseCode::Normal => Ok(None),
        Some(frame) => {
            let reason = match printable::plain_or_escaped(frame.reason.as_bytes()) {
                reason if reason.is_empty() => "no reason given".to_owned(),
                reason => reason,
            };
            let code = frame.code.into();
            Err(io::Error::other(Closed { code, reason }))
        }
    }
}

fn broken(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the bridge's connection ended without a close",
        ),
        error => io::Error::other(error),
    }
}

/// Why a bridge can't be connected to, and what to do.
fn explain(error: Error, is_tls: bool) -> String {
    match error {
        Error::Io(error) => explain_io(&error, is_tls),
        Error::Http(response) => refused(&response),
        Error::Protocol(
            ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake,
        ) => "the connection ended before the upgrade was answered".to_owned(),
        Error::Protocol(error) if !is_tls => {
            format!("what listens there is no WebSocket server ({error}): does it want wss://?")
        }
        Error::Protocol(error) => format!("what listens there is no WebSocket server ({error})"),
        error => error.to_string(),
    }
}

fn explain_io(error: &io::Error, is_tls: bool) -> String {
    let tls = error.get_ref().and_then(|error| error.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(error)) => format!(
            "the certificate is not trusted ({error}): does --ca name the authority that signed it?"
        ),
        Some(rustls::Error::InvalidMessage(_)) => {
            "what listens there does not speak TLS: does it want ws://?".to_owned()
        }
        Some(error) => format!("TLS failed: {error}"),
        None if error.kind() == io::ErrorKind::ConnectionRefused => {
            "nobody listens there: is `stickylab serve`, or the proxy in front of it, running?"
                .to_owned()
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof && is_tls => {
            "the connection ended inside the TLS handshake: does it want ws://?".to_owned()
        }
        None => error.to_string(),
    }
}

/// What the answer to the upgrade says instead of 101.
fn refused(response: &Response<Option<Vec<u8>>>) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    let is_text = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    // A page of a proxy is for browsers.
    let body = response.body().as_deref().filter(|_| is_text);
    let line = body.and_then(|body| body.split(|byte| *byte == b'\n').next());
    let said = printable::plain_or_escaped(line.unwrap_or_default());
    let said: String = said.chars().take(SHOWN).collect();
    let status = response.status();
    if said.is_empty() {
        return format!("the upgrade was refused with {status}");
    }
    format!("the upgrade was refused with {status}: {said}")
}
