//! The programs on the sides. Those on side b serve until they are ended, those on side a
//! print two figures.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 9000;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(1);
/// Payload of a datagram that fills a packet of 1,500 bytes, and of its Ethernet frame.
const PAYLOAD: usize = 1_472;
const FRAME: u32 = 1_514;

pub(crate) fn run(words: &[String]) {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let number = |at: usize| words[at].parse::<u32>().expect("a number");
    let figures = match words[0] {
        "echo" => return echo(),
        "blast" => return blast(number(1)),
        "stream" => return stream(),
        "trips" => trips(number(1)),
        "losses" => losses(number(1)),
        "rate" => rate(),
        "sink" => sink(),
        other => panic!("{other} is no end"),
    };
    println!("{}\n{}", figures[0], figures[1]);
}

/// Sends each datagram back.
fn echo() {
    let socket = UdpSocket::bind((B, PORT)).expect("the side's address");
    let mut room = [0; 2_048];
    while let Ok((length, from)) = socket.recv_from(&mut room) {
        let _ = socket.send_to(&room[..length], from);
    }
}

/// A socket that talks to [`echo`], once that is there.
fn caller() -> UdpSocket {
    let socket = UdpSocket::bind((A, 0)).expect("the side's address");
    socket.connect((B, PORT)).expect("an address");
    let pause = Some(Duration::from_millis(500));
    socket.set_read_timeout(pause).expect("an option");
    let begun = Instant::now();
    let mut room = [0; 8];
    loop {
        // The first packets fail while nobody is bound there.
        let sent = socket.send(&[]);
        if sent.is_ok() && socket.recv(&mut room).is_ok() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody answers");
        thread::sleep(Duration::from_millis(5));
    }
    // Answers to the other ones.
    let pause = Some(Duration::from_millis(400));
    socket.set_read_timeout(pause).expect("an option");
    while socket.recv(&mut room).is_ok() {}
    socket
}

/// The median and the 95th percentile of round trips, in milliseconds.
fn trips(count: u32) -> [f64; 2] {
    let socket = caller();
    let mut room = [0; 64];
    let mut took: Vec<_> = (0..count)
        .map(|_| {
            let begun = Instant::now();
            socket.send(&[1; 64]).expect("it is sent");
            socket.recv(&mut room).expect("nothing is lost");
            begun.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    took.sort_by(f64::total_cmp);
    [took[took.len() / 2], took[took.len() * 95 / 100]]
}

/// How many of so many datagrams were lost on the way there, and how many came behind a
/// later one. What has arrived is answered, and no answer is lost.
fn losses(count: u32) -> [f64; 2] {
    /// So many are under way at most: no socket's buffer is full.
    const WINDOW: u32 = 64;
    let socket = caller();
    let pause = Some(Duration::from_millis(20));
    socket.set_read_timeout(pause).expect("an option");
    let (mut answered, mut disordered, mut latest) = (0, 0, 0);
    let mut room = [0; 8];
    let mut take = |wanted: &mut u32| {
        if let Ok(4) = socket.recv(&mut room) {
            let number = u32::from_be_bytes([room[0], room[1], room[2], room[3]]);
            disordered += u32::from(number < latest);
            latest = latest.max(number);
            answered += 1;
            *wanted = wanted.saturating_sub(1);
            return true;
        }
        false
    };
    for first in (1..=count).step_by(WINDOW as usize) {
        let last = (first + WINDOW - 1).min(count);
        for number in first..=last {
            socket.send(&number.to_be_bytes()).expect("it is sent");
        }
        let mut wanted = last - first + 1;
        // An answer is late by less than the pause, unless nothing comes any more.
        while wanted > 0 && take(&mut wanted) {}
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        take(&mut 1);
    }
    [f64::from(count - answered), f64::from(disordered)]
}

/// Sends full packets, by a quarter faster than the link takes them (Mbit/s).
fn blast(rate: u32) {
    let socket = UdpSocket::bind((B, 0)).expect("the side's address");
    socket.connect((A, PORT)).expect("an address");
    let bits = f64::from(FRAME) * 8.0;
    let pause = Duration::from_secs_f64(bits / (f64::from(rate) * 1.25e6));
    let begun = Instant::now();
    let mut payload = [0; PAYLOAD];
    for number in 0_u32.. {
        payload[..4].copy_from_slice(&number.to_be_bytes());
        // It fails while nobody is bound there.
        let _ = socket.send(&payload);
        let due = pause * number;
        if let Some(left) = due.checked_sub(begun.elapsed()) {
            thread::sleep(left);
        }
    }
}

/// Mbit/s of frames that arrive, and how many came behind a later one.
fn rate() -> [f64; 2] {
    const LONG: Duration = Duration::from_secs(3);
    let socket = UdpSocket::bind((A, PORT)).expect("the side's address");
    socket.set_read_timeout(Some(PATIENCE)).expect("an option");
    let mut room = [0; 2_048];
    let mut take = || {
        let length = socket.recv(&mut room).expect("it is sent");
        assert_eq!(length, PAYLOAD);
        u32::from_be_bytes([room[0], room[1], room[2], room[3]])
    };
    // Until the queue is full.
    let begun = Instant::now();
    let mut latest = take();
    while begun.elapsed() < LONG / 3 {
        latest = take();
    }
    let begun = Instant::now();
    let (mut frames, mut disordered) = (0, 0);
    while begun.elapsed() < LONG {
        let number = take();
        disordered += u32::from(number < latest);
        latest = latest.max(number);
        frames += 1;
    }
    let bits = f64::from(frames) * f64::from(FRAME) * 8.0;
    [
        bits / begun.elapsed().as_secs_f64() / 1e6,
        f64::from(disordered),
    ]
}

/// Sends bytes to whoever connects.
fn stream() {
    let listener = TcpListener::bind((B, PORT)).expect("the side's address");
    let (mut stream, _) = listener.accept().expect("somebody connects");
    let bytes = vec![7; 256 * 1024];
    while stream.write_all(&bytes).is_ok() {}
}

/// Gbit/s of a stream, without headers.
fn sink() -> [f64; 2] {
    const LONG: Duration = Duration::from_secs(2);
    let begun = Instant::now();
    let mut stream = loop {
        match TcpStream::connect((B, PORT)) {
            Ok(stream) => break stream,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut room = vec![0; 256 * 1024];
    let mut take = |until: Duration| {
        let (begun, mut bytes) = (Instant::now(), 0_u64);
        while begun.elapsed() < until {
            bytes += stream.read(&mut room).expect("more comes") as u64;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few gigabytes")]
        let bits = bytes as f64 * 8.0;
        bits / begun.elapsed().as_secs_f64() / 1e9
    };
    // The window grows at first.
    take(LONG / 4);
    [take(LONG), 0.0]
}
