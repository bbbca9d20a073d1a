//! Our decoders beside what people would use instead, the same bytes in the same chunks,
//! round by round in turn, in processor time of the thread: `length-prefix` beside tokio-util's `LengthDelimitedCodec`,
//! `delimiter` beside a buffer that `memchr::memmem` searches. The chunks are those that
//! recv(2) returned on a loopback connection over which the stream was sent before.

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use protocol::framing::{Decode, Decoder, Delimiter, Framing, LengthPrefix};
use rustix::time::{ClockId, clock_gettime};
use tokio_util::codec::{Decoder as _, LengthDelimitedCodec};

const ROUNDS: usize = 51;
/// How often one decoder gets the chunks in a round: what a stream's begin costs counts little.
const PASSES: usize = 16;
/// What recv(2) is asked for at once.
const BUFFER: usize = 64 * 1024;
const STREAM: usize = 4 * 1024 * 1024;
const SIZES: [usize; 2] = [64, 64 * 1024];

fn main() {
    println!(
        "decoding {} MiB, median of {ROUNDS} rounds in turn",
        (PASSES * STREAM) >> 20
    );
    let prefix = Framing::LengthPrefix(LengthPrefix::default());
    for size in SIZES {
        let length = i32::try_from(size).expect("a frame is small");
        let frame = [&length.to_le_bytes()[..], &vec![b'x'; size]].concat();
        let name = format!("length-{size}");
        compare(&name, "LengthDelimitedCodec", &prefix, &frame, codec);
    }
    for (name, delimiter) in [("line", "\n"), ("crlf", "\r\n")] {
        let lines = Framing::Delimiter(Delimiter {
            delimiter: delimiter.into(),
            ..Delimiter::default()
        });
        for size in SIZES {
            let frame = [&vec![b'x'; size], delimiter.as_bytes()].concat();
            let name = format!("{name}-{size}");
            compare(&name, "memmem", &lines, &frame, |chunks| {
                split(chunks, &Finder::new(delimiter))
            });
        }
    }
}

/// Measures `framing` beside `peer` on a stream of `frame`, and prints the line.
fn compare(
    name: &str,
    peer: &str,
    framing: &Framing,
    frame: &[u8],
    theirs: impl Fn(&[Bytes]) -> Decoded,
) {
    let count = STREAM / frame.len();
    let chunks = received(frame.repeat(count));
    let (mut ours, mut other) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(count, || decode(framing, &chunks)));
        other.push(timed(count, || theirs(&chunks)));
    }
    let (ours, other) = (median(ours), median(other));
    println!(
        "{name:>12}: {:>5.0} MiB/s, {peer} {:>5.0} MiB/s, {} chunks, ratio {:.2}",
        rate(ours),
        rate(other),
        chunks.len(),
        other.as_secs_f64() / ours.as_secs_f64(),
    );
}

/// The stream in the chunks in which it is received.
fn received(stream: Vec<u8>) -> Vec<Bytes> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut sender = TcpStream::connect(address).expect("it listens");
    let (mut receiver, _) = listener.accept().expect("a client");
    let sending = thread::spawn(move || sender.write_all(&stream));
    let mut buffer = vec![0; BUFFER];
    let mut chunks = Vec::new();
    loop {
        let length = receiver.read(&mut buffer).expect("it is open");
        if length == 0 {
            break;
        }
        chunks.push(Bytes::copy_from_slice(&buffer[..length]));
    }
    let sent = sending.join().expect("no panic");
    sent.expect("it is read");
    chunks
}

/// How many messages came out, of how many bytes.
#[derive(Default, PartialEq, Eq, Debug)]
struct Decoded {
    messages: usize,
    bytes: usize,
}

impl Decoded {
    fn add(&mut self, body: &[u8]) {
        self.messages += 1;
        self.bytes += black_box(body).len();
    }
}

/// The chunks, again and again: a stream ends with a whole message.
fn passes(chunks: &[Bytes]) -> impl Iterator<Item = &Bytes> {
    chunks.iter().cycle().take(PASSES * chunks.len())
}

fn decode(framing: &Framing, chunks: &[Bytes]) -> Decoded {
    let mut decoder = Decoder::new(framing);
    let mut messages = Decoded::default();
    for chunk in passes(chunks) {
        decoder.handle_chunk(chunk);
        while let Some(frame) = decoder.poll_frame().expect("the stream is valid") {
            messages.add(&frame.body);
        }
    }
    messages
}

fn codec(chunks: &[Bytes]) -> Decoded {
    let mut codec = LengthDelimitedCodec::builder()
        .little_endian()
        .max_frame_length(1 << 20)
        .new_codec();
    let mut buffer = BytesMut::new();
    let mut decoded = Decoded::default();
    for chunk in passes(chunks) {
        buffer.extend_from_slice(chunk);
        while let Some(frame) = codec.decode(&mut buffer).expect("the stream is valid") {
            decoded.add(&frame);
        }
    }
    decoded
}

/// A buffer, what is found in it, and the message split off: no maximum, no positions.
fn split(chunks: &[Bytes], delimiter: &Finder<'_>) -> Decoded {
    let length = delimiter.needle().len();
    let mut buffer = BytesMut::new();
    let mut decoded = Decoded::default();
    let mut searched = 0;
    for chunk in passes(chunks) {
        buffer.extend_from_slice(chunk);
        while let Some(at) = delimiter.find(&buffer[searched..]) {
            let mut message = buffer.split_to(searched + at + length);
            message.truncate(searched + at);
            decoded.add(&message);
            searched = 0;
        }
        searched = buffer.len().saturating_sub(length - 1);
    }
    decoded
}

fn timed(messages: usize, work: impl FnOnce() -> Decoded) -> Duration {
    let start = processor_time();
    let decoded = black_box(work());
    let elapsed = processor_time().saturating_sub(start);
    assert_eq!(decoded.messages, PASSES * messages);
    elapsed
}

/// What the thread had of a processor: the time in which others had it is not counted.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.try_into().expect("it is not negative")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "shown without decimals")]
fn rate(time: Duration) -> f64 {
    ((PASSES * STREAM) >> 20) as f64 / time.as_secs_f64()
}
