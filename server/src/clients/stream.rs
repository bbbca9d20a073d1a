//! A conversation over a stream, TCP or a bridge: lines from the console into the client's machine,
//! its bytes to the socket, its replies to the console. Knows no system by name.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use protocol::peer::{Client, ClientError, ClientOutput, Reply, Rules};
use protocol::{Counted, Framing, System, Transport};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::tunnel::Tunnel;
use super::{Console, Endpoint, Failure};
use crate::net::Address;
use crate::printable;

/// How long a server that says nothing may take to show that it refuses.
const GRACE: Duration = Duration::from_millis(200);
/// How long a reply may pause before what has come of it is printed.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a reply that has begun may pause before its rest is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a server that owes something may say nothing before the user is told what is waited
/// for.
const SILENCE: Duration = Duration::from_secs(5);
/// How long the server may take to finish after the client's last byte.
const FAREWELL: Duration = Duration::from_secs(1);
/// Room for one recv, in bytes.
const BUFFER: usize = 64 * 1024;

/// What it means when the server closes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// Nothing, if every message is through.
    Allowed,
    /// It did not accept what it got.
    Refusal,
}

/// Talks to `endpoint` by `rules` until `console` has no more lines.
pub(super) async fn run(
    system: System,
    endpoint: &Endpoint,
    rules: &Rules,
    hangup: Hangup,
    console: &mut Console,
) -> Result<(), Failure> {
    match endpoint {
        Endpoint::Server(address) => {
            let mut stream = connect(system, address).await?;
            let (reading, writing) = stream.split();
            Conversation::new(reading, writing, rules, hangup, console)
                .run()
                .await
        }
        Endpoint::Bridge { url, trust } => {
            let tunnel = Tunnel::connect(url, trust.as_ref(), system).await?;
            let (reading, writing) = tokio::io::split(tunnel);
            Conversation::new(reading, writing, rules, hangup, console)
                .run()
                .await
        }
    }
}

async fn connect(system: System, address: &Address) -> Result<TcpStream, Failure> {
    let connecting = async { TcpStream::connect(&address.to_connect().await?[..]).await };
    let stream = connecting.await.map_err(|error| {
        let address = address.to_string();
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Failure::NobodyListens {
                system,
                transport: Transport::Tcp,
                address,
            },
            _ => Failure::Unreachable { address, error },
        }
    })?;
    // Header and body are two send(): the second must not wait for the first's
    // acknowledgement (RFC 896). It fails only if the connection is gone.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

struct Conversation<'a, R, W> {
    machine: Client,
    reading: R,
    writing: W,
    /// What the machine wants sent and the kernel has not taken yet.
    unsent: Bytes,
    /// Why nothing can be sent any more.
    broken: Option<io::Error>,
    /// Whether the server has replied to anything.
    heard: bool,
    /// Lines that no message could be made of.
    skipped: usize,
    /// Replies that were shorter or longer than their messages.
    misfits: usize,
    /// A part of a reply is on the screen, and when it came.
    begun: Option<Instant>,
    hangup: Hangup,
    /// Whether the user was told what the server is waited for.
    told: bool,
    /// Whether the server replies to messages.
    replies: bool,
    console: &'a mut Console,
}

/// What happened next.
enum Happened {
    Sent(io::Result<usize>),
    Received(io::Result<usize>),
    Line(Option<Vec<u8>>),
    /// The reply that has begun did not go on.
    Paused,
    /// The server owes something and says nothing.
    Silent,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Conversation<'a, R, W> {
    fn new(
        reading: R,
        writing: W,
        rules: &Rules,
        hangup: Hangup,
        console: &'a mut Console,
    ) -> Self {
        Self {
            machine: Client::new(rules, rand::random()),
            reading,
            writing,
            unsent: Bytes::new(),
            broken: None,
            heard: false,
            skipped: 0,
            misfits: 0,
            begun: None,
            told: false,
            hangup,
            replies: rules.reply != Reply::None,
            console,
        }
    }

    async fn run(mut self) -> Result<(), Failure> {
        let mut buffer = vec![0; BUFFER];
        loop {
            self.drain()?;
            let idle = self.machine.is_idle() && self.unsent.is_empty();
            // A person need not wait for the rest of a reply.
            let asks = idle || self.begun.is_some() && self.console.is_interactive();
            let pauses = self.begun.is_some()
                || !self.machine.partial_reply().is_empty()
                || self.machine.awaits_quiet();
            let pause = if self.begun.is_some() {
                PATIENCE
            } else {
                PAUSE
            };
            let sends = !self.unsent.is_empty() && self.broken.is_none();
            let waits = !idle && self.unsent.is_empty() && !pauses && !self.told;
            // Reading goes on while sending: an echo of much is sent while
            // much is still to come, and neither side may wait for the other.
            let happened = tokio::select! {
                biased;
                result = self.reading.read(&mut buffer) => Happened::Received(result),
                result = self.writing.write(&self.unsent), if sends => Happened::Sent(result),
                line = self.console.line(), if asks => Happened::Line(line),
                () = sleep(pause), if pauses => Happened::Paused,
                () = sleep(SILENCE), if waits => Happened::Silent,
            };
            match happened {
                Happened::Sent(Ok(count)) => self.unsent.advance(count),
                // What the server said before it left is still to be read.
                Happened::Sent(Err(error)) => self.broken = Some(error),
                Happened::Received(Ok(count)) if count > 0 => self.receive(&buffer[..count])?,
                Happened::Received(ended) => return self.closed(ended.err()).await,
                Happened::Line(Some(line)) => {
                    self.give_up()?;
                    self.take(&line);
                }
                Happened::Line(None) => {
                    self.give_up()?;
                    return self.finish(&mut buffer).await;
                }
                Happened::Silent => self.tell_what_is_missing(),
                Happened::Paused if self.begun.is_some() => self.give_up()?,
                Happened::Paused if self.machine.awaits_quiet() => self.machine.handle_quiet()?,
                Happened::Paused => {
                    self.print_part(false)?;
                }
            }
        }
    }

    /// Tells the user what the server is waited for, once until it says something.
    fn tell_what_is_missing(&mut self) {
        self.told = true;
        let framing = self.machine.framing();
        let missing = if !self.machine.can_send() && framing.waits_for_ready() {
            "its answer to a length, `ready`: is it a server of ready-ack?".to_owned()
        } else if self.machine.can_send() {
            let framing = framing.name();
            format!("its reply: does it frame messages as the client does ({framing})?")
        } else {
            "its part of the handshake: is it a server of auth, with the same --scheme?".to_owned()
        };
        let seconds = SILENCE.as_secs();
        self.console.note(&format!(
            "the server has said nothing for {seconds} s; still waiting for {missing}"
        ));
    }

    /// Does what the machine asks for, until bytes have to be sent first.
    fn drain(&mut self) -> Result<(), Failure> {
        while self.unsent.is_empty() {
            match self.machine.poll_output() {
                Some(ClientOutput::Send(bytes)) => self.unsent = bytes,
                Some(ClientOutput::Reply(reply)) => {
                    self.heard = true;
                    self.begun = None;
                    self.console.reply(&reply).map_err(Failure::Output)?;
                }
                None => break,
            }
        }
        Ok(())
    }

    /// Takes what the server sent. What answers nothing is printed, too; where the
    /// server replies at all it is no reason to leave.
    fn receive(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.told = false;
        let Err(error) = self.machine.handle_chunk(chunk) else {
            return Ok(());
        };
        let ClientError::Unexpected { bytes } = &error else {
            return Err(error.into());
        };
        self.drain()?;
        self.console.reply(bytes).map_err(Failure::Output)?;
        if !self.replies {
            return Err(error.into());
        }
        self.note_misfit(&format!("{} more than sent", Counted(bytes.len(), "byte")));
        Ok(())
    }

    /// Prints what has come of a reply, but for a character that is not whole unless
    /// `all` is to be printed.
    fn print_part(&mut self, all: bool) -> Result<(), Failure> {
        let part = self.machine.partial_reply();
        let count = match std::str::from_utf8(part) {
            Err(error) if !all && error.error_len().is_none() => error.valid_up_to(),
            _ => part.len(),
        };
        let part = self.machine.take_partial_reply(count);
        self.begun.get_or_insert_with(Instant::now);
        self.heard = true;
        self.console.part(&part).map_err(Failure::Output)
    }

    /// Waits no longer for the rest of a reply that has begun.
    fn give_up(&mut self) -> Result<(), Failure> {
        if self.begun.is_none() && self.machine.partial_reply().is_empty() {
            return Ok(());
        }
        self.print_part(true)?;
        self.begun = None;
        self.console.reply(b"").map_err(Failure::Output)?;
        let missing = self.machine.give_up_reply();
        self.note_misfit(&format!("{} fewer than sent", Counted(missing, "byte")));
        Ok(())
    }

    /// A reply is not as long as its message. In the end the number of them is said.
    fn note_misfit(&mut self, what: &str) {
        self.misfits += 1;
        if self.console.is_interactive() {
            self.console.note(what);
        }
    }

    /// At the prompt an empty line is no message, and without framing there is none.
    /// One too long is the user's to mend.
    fn take(&mut self, line: &[u8]) {
        let is_none = self.console.is_interactive() || *self.machine.framing() == Framing::None;
        if line.is_empty() && is_none {
            return;
        }
        if let Err(error) = self.machine.handle_message(line) {
            self.skipped += 1;
            self.console.note(&format!("not sent: {error}"));
        }
    }

    /// The server has closed, or the connection is gone.
    async fn closed(&mut self, error: Option<io::Error>) -> Result<(), Failure> {
        let failure = error.or(self.broken.take()).map(Failure::of_connection);
        if let Some(failure @ Failure::ClosedByBridge(_)) = failure {
            return Err(failure);
        }
        if self.begun.is_some() || !self.machine.partial_reply().is_empty() {
            self.print_part(true)?;
            self.console.reply(b"").map_err(Failure::Output)?;
        }
        self.machine.handle_eof()?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        if self.hangup == Hangup::Refusal {
            return Err(Failure::HungUp);
        }
        if self.console.is_interactive() {
            self.console.note("the server closed the connection");
            return self.verdict();
        }
        while let Some(line) = self.console.line().await {
            if !line.is_empty() {
                return Err(Failure::ClosedEarly(printable::escape(&line)));
            }
        }
        self.verdict()
    }

    /// There are no more lines: leave as one should.
    async fn finish(&mut self, buffer: &mut [u8]) -> Result<(), Failure> {
        if self.hangup == Hangup::Refusal && !self.heard {
            // Before the client has closed, only a refusal ends the stream.
            match timeout(GRACE, self.reading.read(buffer)).await {
                Ok(Ok(count)) if count > 0 => self.receive(&buffer[..count])?,
                Ok(ended) => return self.closed(ended.err()).await,
                Err(_) => {}
            }
        }
        if let Err(error) = self.writing.shutdown().await {
            return self.closed(Some(error)).await;
        }
        match timeout(FAREWELL, self.reading.read(buffer)).await {
            Ok(Ok(count)) if count > 0 => self.receive(&buffer[..count])?,
            Ok(Err(error)) => return Err(Failure::of_connection(error)),
            Ok(Ok(_)) | Err(_) => {}
        }
        self.verdict()
    }

    const fn verdict(&self) -> Result<(), Failure> {
        match (self.skipped, self.misfits) {
            (0, 0) => Ok(()),
            (0, count) => Err(Failure::Misfits(count)),
            (count, _) => Err(Failure::Lost(count)),
        }
    }
}
