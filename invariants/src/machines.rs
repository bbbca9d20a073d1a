//! `peer::Server` and `peer::Client`: any bytes at any time, and each other.
//!
//! Input: the rules, the deadlines, the client's messages, then what happens,
//! one step after the other.

use bytes::Bytes;
use protocol::auth::mutual::{self, Nonces, Role};
use protocol::auth::{ANSWER_LEN, CHALLENGE_LEN, Key, Scheme};
use protocol::framing::{Decode as _, Decoder, Framing, READY};
use protocol::peer::{Client, ClientOutput, Deadlines, Reply, Rules, Server, ServerOutput};
use protocol::{Nanos, Offset};

use crate::decoder;
use crate::input::Input;

const NONCE: [u8; CHALLENGE_LEN] = *b"0123456789abcdef0123456789abcdef";
/// The client's, in `mutual-sha256`.
const NONCES: Nonces = Nonces {
    server: NONCE,
    client: *b"fedcba9876543210fedcba9876543210",
};

/// Neither machine panics, stalls or accepts what it must not, whatever bytes it
/// receives; and two that follow the protocol exchange every message.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let key = input.flag().then(|| input.bytes());
    // Every second length of a key stands for the other scheme.
    let scheme = match key {
        Some(key) if key.len() % 2 == 1 => Scheme::MutualSha256,
        _ => Scheme::HmacMd5,
    };
    let key = key.map(Key::new);
    let reply = input.pick(&Reply::ALL);
    let framing = decoder::framing(&mut input);
    let rules = Rules {
        framing: Framing::None,
        key,
        scheme,
        reply,
    }
    .with_framing(framing);
    let deadlines = Deadlines {
        handshake: deadline(&mut input),
        frame: deadline(&mut input),
        idle: deadline(&mut input),
    };
    let messages: Vec<&[u8]> = (0..input.below(4)).map(|_| input.bytes()).collect();
    check_server(&rules, deadlines, input);
    check_client(&rules, &messages, input);
    // A frame of a megabyte for each message of a byte shows nothing more.
    let padded = rules.framing.body_length(0) > 4096;
    let keeps = decoder::keeps_header(&rules.framing);
    if !padded && !keeps && rules.framing.validate().is_ok() {
        converse(&rules, &messages, input);
    }
}

fn deadline(input: &mut Input<'_>) -> Option<Nanos> {
    input.flag().then(|| Nanos(input.number()))
}

/// A server whose peer sends arbitrary bytes at arbitrary times.
fn check_server(rules: &Rules, deadlines: Deadlines, mut input: Input<'_>) {
    let mut server = Server::new(rules, NONCE).within(deadlines);
    let mut record = Record::default();
    // Whether the answer is looked at; what else follows is the same.
    let looks = deadlines.idle.is_none_or(|idle| idle.0 % 4 != 3);
    record.looks = looks;
    record.take(&mut server, rules, Nanos(0));
    let (mut now, mut stream, mut cuts) = (Nanos(0), Vec::new(), Vec::new());
    while !input.is_empty() {
        match input.below(4) {
            0 => now = now + Nanos(input.number()),
            1 => {
                if let Some(due) = server.poll_timeout() {
                    now = now.max(due);
                    server.handle_timeout(now);
                    let next = server.poll_timeout();
                    assert!(next.is_none_or(|next| next > now), "it would spin");
                }
            }
            2 => server.handle_timeout(now),
            _ => {
                let mut chunk = input.bytes().to_vec();
                // Random bytes are never the right answer.
                let asked = stream.is_empty() && chunk.first() == Some(&b'!');
                if let (true, Some(key)) = (asked, &rules.key) {
                    chunk.splice(..1, answer(rules.scheme, key));
                }
                if !chunk.is_empty() {
                    server.handle_chunk(&chunk, now);
                    stream.extend_from_slice(&chunk);
                    cuts.push(chunk);
                }
            }
        }
        record.take(&mut server, rules, now);
        check_end(&server, &record);
    }
    let silent = record.refused;
    server.handle_eof();
    record.take(&mut server, rules, now);
    assert!(server.is_closed());
    check_end(&server, &record);
    server.handle_chunk(b"1", now);
    server.handle_timeout(Nanos(u64::MAX));
    assert_eq!(server.poll_output(), None, "nothing comes behind the end");
    if !silent && !rules.framing.waits_for_ready() {
        let frames = frames(rules, &cuts);
        assert_eq!(record.messages, frames, "what is in the stream was said");
    }
}

/// The right answer to the challenge.
fn answer(scheme: Scheme, key: &Key) -> Vec<u8> {
    match scheme {
        Scheme::HmacMd5 => key.answer(&NONCE).to_vec(),
        Scheme::MutualSha256 => {
            let proof = key.proof(Role::Client, &NONCES);
            [NONCES.client, proof].concat()
        }
    }
}

fn check_end(server: &Server, record: &Record) {
    assert!(!record.refused || server.is_closed());
    assert!(!server.is_closed() || server.poll_timeout().is_none());
}

/// What a decoder makes of the bytes behind the handshake.
fn frames(rules: &Rules, cuts: &[Vec<u8>]) -> Vec<Bytes> {
    let mut skip = match (&rules.key, rules.scheme) {
        (None, _) => 0,
        (Some(_), Scheme::HmacMd5) => ANSWER_LEN,
        (Some(_), Scheme::MutualSha256) => mutual::ANSWER_LEN,
    };
    let mut decoder = Decoder::starting_at(&rules.framing, Offset(skip as u64));
    let mut frames = Vec::new();
    for chunk in cuts {
        let rest = &chunk[skip.min(chunk.len())..];
        skip -= chunk.len() - rest.len();
        if !rest.is_empty() {
            decoder.handle_chunk(rest);
        }
        loop {
            match decoder.poll_frame() {
                Ok(Some(frame)) => frames.push(frame.body),
                Err(_) if rules.framing.resynchronises() => {}
                _ => break,
            }
        }
    }
    frames
}

/// What a server has put out.
#[derive(Default)]
struct Record {
    messages: Vec<Bytes>,
    challenged: bool,
    looks: bool,
    answered: bool,
    authenticated: bool,
    refused: bool,
    /// The reply that has to follow.
    owed: Option<Bytes>,
}

impl Record {
    fn take(&mut self, server: &mut Server, rules: &Rules, now: Nanos) {
        while let Some(output) = server.poll_output() {
            assert!(!self.refused, "{output:?} behind a refusal");
            let known = rules.key.is_none() || self.authenticated;
            match output {
                ServerOutput::Send(sent) if !known => {
                    assert!(!self.challenged, "asked once");
                    assert_eq!(sent, &NONCE[..]);
                    self.challenged = true;
                }
                ServerOutput::Send(sent) => {
                    assert!(self.owed.is_some() || rules.framing.waits_for_ready());
                    assert_eq!(sent, self.owed.take().unwrap_or(Bytes::from_static(READY)));
                }
                ServerOutput::Answered => {
                    assert!(!known && self.challenged && !self.answered);
                    self.answered = true;
                    assert_eq!(server.poll_output(), None, "before the driver has decided");
                    if self.looks {
                        server.verify(now);
                    } else {
                        server.decline();
                    }
                }
                ServerOutput::Authenticated => {
                    assert!(!known && self.answered && self.looks);
                    self.authenticated = true;
                    if let (Scheme::MutualSha256, Some(key)) = (rules.scheme, &rules.key) {
                        let proof = key.proof(Role::Server, &NONCES);
                        self.owed = Some(Bytes::copy_from_slice(&proof));
                    }
                }
                ServerOutput::Skipped(_) => {
                    assert!(known && rules.framing.resynchronises());
                }
                ServerOutput::Message(message) => {
                    assert!(known, "before the handshake is over");
                    assert_eq!(self.owed, None);
                    let reply: Bytes = match rules.reply {
                        Reply::None => Bytes::new(),
                        Reply::Uppercase => message.to_ascii_uppercase().into(),
                        // What can't be sent back is refused.
                        Reply::Framed => rules.framing.whole(&message).unwrap_or_default(),
                    };
                    self.owed = Some(reply).filter(|reply| !reply.is_empty());
                    self.messages.push(message);
                }
                ServerOutput::Refuse(refusal) => {
                    assert_eq!(self.owed, None);
                    assert!(!refusal.is_of_the_handshake() || !known);
                    self.refused = true;
                }
            }
        }
        assert_eq!(self.owed, None, "every message is answered at once");
    }
}

/// A client whose peer sends arbitrary bytes.
fn check_client(rules: &Rules, messages: &[&[u8]], mut input: Input<'_>) {
    let mut client = Client::new(rules, NONCES.client);
    let (mut owed, mut heard, mut replied) = (0, 0, 0);
    for message in messages {
        if client.handle_message(message).is_ok() {
            owed += message.len();
        }
    }
    while !input.is_empty() {
        let chunk = input.bytes();
        heard += chunk.len();
        let failed = !chunk.is_empty() && client.handle_chunk(chunk).is_err();
        while let Some(output) = client.poll_output() {
            match output {
                ClientOutput::Reply(reply) => replied += reply.len(),
                ClientOutput::Send(_) if rules.key.is_some() => assert!(heard >= CHALLENGE_LEN),
                ClientOutput::Send(_) => {}
            }
        }
        // How long framed replies are their server decides.
        let is_framed = rules.reply_framing() != Framing::None;
        assert!(is_framed || replied <= owed && replied <= heard);
        if failed {
            break;
        }
    }
    let idle = client.is_idle();
    let ended = client.handle_eof();
    if idle && rules.key.is_none() {
        // Framed replies may be cut off, or answer nothing.
        let is_framed = rules.reply_framing() != Framing::None;
        assert!(ended.is_ok() || is_framed, "nothing is owed: {ended:?}");
    }
}

/// Both play by the rules: every message arrives, every reply too.
fn converse(rules: &Rules, messages: &[&[u8]], mut input: Input<'_>) {
    let mut server = Server::new(rules, NONCE);
    let mut client = Client::new(rules, NONCES.client);
    let messages: Vec<&[u8]> = messages
        .iter()
        .copied()
        .filter(|message| client.handle_message(message).is_ok())
        .collect();
    let (mut received, mut replies) = (Vec::new(), Vec::new());
    let mut now = Nanos(0);
    loop {
        let mut idle = true;
        while let Some(output) = server.poll_output() {
            idle = false;
            match output {
                ServerOutput::Send(bytes) => {
                    for chunk in bytes.chunks(input.below(256) + 1) {
                        client.handle_chunk(chunk).expect("an honest server");
                    }
                }
                ServerOutput::Message(body) => received.push(body),
                ServerOutput::Answered => assert!(server.verify(now)),
                ServerOutput::Authenticated => {}
                ServerOutput::Skipped(error) => panic!("skipped what is honest: {error}"),
                ServerOutput::Refuse(refusal) => panic!("refused an honest client: {refusal}"),
            }
        }
        while let Some(output) = client.poll_output() {
            idle = false;
            match output {
                ClientOutput::Send(bytes) => {
                    for chunk in bytes.chunks(input.below(256) + 1) {
                        server.handle_chunk(chunk, now);
                    }
                }
                ClientOutput::Reply(reply) => replies.push(reply),
            }
        }
        if let Some(due) = server.poll_timeout() {
            idle = false;
            now = due;
            server.handle_timeout(now);
        }
        if idle && client.awaits_quiet() {
            idle = false;
            client.handle_quiet().expect("an honest server");
        }
        if idle {
            break;
        }
    }
    assert!(client.is_idle());
    server.handle_eof();
    assert_eq!(server.poll_output(), None, "nothing was cut off");
    if rules.framing == Framing::None {
        assert_eq!(received.concat(), messages.concat());
    } else {
        assert_eq!(received, messages);
    }
    let answered = messages.iter().filter(|message| !message.is_empty());
    let upper: Vec<_> = answered.map(|m| m.to_ascii_uppercase()).collect();
    match rules.reply {
        Reply::Uppercase => assert_eq!(replies.concat(), upper.concat()),
        Reply::Framed if rules.framing == Framing::None => {
            assert_eq!(replies.concat(), messages.concat());
        }
        Reply::Framed => assert_eq!(replies, messages),
        Reply::None => assert!(replies.is_empty()),
    }
}
