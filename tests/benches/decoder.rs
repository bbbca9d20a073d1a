//! `length-prefix` decoding beside tokio-util's `LengthDelimitedCodec`, the
//! same bytes in the same 64 KiB chunks, round by round in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use protocol::framing::{Decode, Decoder, Framing, LengthPrefix};
use tokio_util::codec::{Decoder as _, LengthDelimitedCodec};

const ROUNDS: usize = 15;
const CHUNK: usize = 64 * 1024;
const STREAM: usize = 32 * 1024 * 1024;

fn main() {
    println!(
        "decoding {} MiB, median of {ROUNDS} rounds in turn",
        STREAM >> 20
    );
    for size in [64, 64 * 1024] {
        let stream = stream(size);
        let mut ours = Vec::new();
        let mut peer = Vec::new();
        for _ in 0..ROUNDS {
            ours.push(timed(|| decode(&stream)));
            peer.push(timed(|| decode_codec(&stream)));
        }
        let (ours, peer) = (median(ours), median(peer));
        println!(
            "{size:>6} B frames: {:>6.0} MiB/s, LengthDelimitedCodec {:>6.0} MiB/s, ratio {:.2}",
            rate(ours),
            rate(peer),
            peer.as_secs_f64() / ours.as_secs_f64(),
        );
    }
}

fn stream(size: usize) -> Vec<u8> {
    let length = i32::try_from(size).expect("a frame is small");
    let frame = [&length.to_le_bytes()[..], &vec![b'x'; size]].concat();
    frame.repeat(STREAM / frame.len())
}

fn decode(stream: &[u8]) -> usize {
    let mut decoder = Decoder::new(&Framing::LengthPrefix(LengthPrefix::default()));
    let mut bytes = 0;
    for chunk in stream.chunks(CHUNK) {
        decoder.handle_chunk(chunk);
        while let Some(frame) = decoder.poll_frame().expect("the stream is valid") {
            bytes += black_box(frame.body).len();
        }
    }
    bytes
}

fn decode_codec(stream: &[u8]) -> usize {
    let mut codec = LengthDelimitedCodec::builder()
        .little_endian()
        .max_frame_length(1 << 20)
        .new_codec();
    let mut buffer = BytesMut::new();
    let mut bytes = 0;
    for chunk in stream.chunks(CHUNK) {
        buffer.extend_from_slice(chunk);
        while let Some(frame) = codec.decode(&mut buffer).expect("the stream is valid") {
            bytes += black_box(frame).len();
        }
    }
    bytes
}

fn timed(work: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    assert!(black_box(work()) > 0, "nothing was decoded");
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "shown without decimals")]
fn rate(time: Duration) -> f64 {
    (STREAM >> 20) as f64 / time.as_secs_f64()
}
