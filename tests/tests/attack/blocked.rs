//! A standard output that nobody reads, and somebody who makes it full.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::bystander::Bystander;
use super::client::{Client, dial, framed, reset, to_the_end};
use super::victim::Victim;
use super::{ATTACKER, NEWCOMER, each, sized};
use tests::hmac::{KEY, hmac_md5};

/// Bytes of one message; each becomes four when it is printed.
const MESSAGE: usize = 60_000;

/// One message to ready-ack.
fn say(stream: &mut TcpStream, body: &[u8]) {
    let length = format!("{}\n", body.len());
    stream.write_all(length.as_bytes()).expect("it takes it");
    stream.read_exact(&mut [0; 5]).expect("it is ready");
    stream.write_all(body).expect("it takes it");
}

/// Sends `messages` while nobody reads what the server prints of them.
fn clog(victim: &Victim, messages: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    door.lines.pause();
    let body = vec![0xff; MESSAGE];
    let mut stream = dial(ATTACKER, door.address).expect("it gets in");
    match door.name {
        "auth" => {
            let mut challenge = [0; 32];
            stream.read_exact(&mut challenge).expect("a challenge");
            stream
                .write_all(&hmac_md5(KEY, &challenge))
                .expect("it takes the answer");
            // Its answers are read, too.
            let mut replies = stream.try_clone().expect("a second descriptor");
            let reading = std::thread::spawn(move || to_the_end(&mut replies).map(|all| all.len()));
            for _ in 0..messages {
                stream.write_all(&framed(&body)).expect("it takes it");
            }
            stream
                .shutdown(std::net::Shutdown::Write)
                .expect("it is connected");
            let replies = reading.join().expect("nobody panics").expect("replies");
            assert_eq!(replies, messages * MESSAGE);
        }
        _ => {
            for _ in 0..messages {
                say(&mut stream, &body);
            }
        }
    }
    let mut newcomer = Client::enter(door, NEWCOMER).expect("it gets in");
    newcomer.round_trip().expect("it is served");
    let trips = bystander.leave().0.len();
    door.lines.resume();
    if messages * 4 * 16 * 1024 > 5 << 20 {
        let said = |line: &str| line.starts_with("dropped ");
        door.lines.wait_for("how many lines were dropped", said);
    }
    reset(stream);
    format!(
        "{messages} messages of {MESSAGE} bytes that nobody reads: all taken; \
         the other source made {trips} round trips"
    )
}

#[test]
fn a_standard_output_that_nobody_reads_stops_nobody() {
    each(&["auth", "ready-ack"], |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("blocked output", 100, sized(100, 1_000), clog);
    });
}

mod timed {
    use super::super::bystander::{ROUNDS, compare};
    use super::super::is_full;
    use super::*;

    #[test]
    fn a_standard_output_that_nobody_reads_slows_down_nobody() {
        if !is_full() {
            return;
        }
        let twin = Victim::start("ready-ack", &[]);
        let victim = Victim::start("ready-ack", &[]);
        let make = |victim: &Victim, rounds| {
            let effect = compare(&victim.door, &twin.door, rounds, |door, phase| {
                let mut stream = dial(ATTACKER, door.address).expect("it gets in");
                let body = vec![0xff; MESSAGE];
                door.lines.pause();
                phase.begin();
                while !phase.is_over() {
                    say(&mut stream, &body);
                }
                door.lines.resume();
                reset(stream);
            });
            effect.check("blocked output");
            effect.to_string()
        };
        victim.withstands("blocked output, timed", 1, ROUNDS, make);
    }
}
