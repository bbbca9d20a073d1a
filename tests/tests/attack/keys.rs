//! Getting in without the key: by guessing, by saying what others have said,
//! by saying back what the server says.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tests::eventually;
use tests::hmac::{KEY, hmac_md5};
use tests::websocket::{self, LAST, opcode};

use super::bystander::Bystander;
use super::client::{Client, dial, reset, to_the_end};
use super::victim::{Door, Victim};
use super::{ATTACKER, NEWCOMER, is_full, sized};

/// So many wrong answers in a row are free; the next ones cost 100 ms, 200 ms …
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Below the rate of new connections that a source may have.
const PACE: Duration = Duration::from_millis(6);

/// A connection and its challenge; none if it was refused.
fn challenged(door: &Door) -> Option<(TcpStream, [u8; 32])> {
    let mut stream = dial(ATTACKER, door.address).expect("it listens");
    let mut challenge = [0; 32];
    stream.read_exact(&mut challenge).ok()?;
    Some((stream, challenge))
}

/// Sends `answer` and a frame behind it. It must be closed without a word.
fn check_refused(mut stream: TcpStream, answer: &[u8]) {
    // It may close before all is sent.
    let _ = stream.write_all(answer);
    let _ = stream.write_all(b"\x05\0\0\0hello");
    let said = to_the_end(&mut stream).expect("it is closed");
    assert_eq!(said, b"", "{}", answer.escape_ascii());
}

/// One wrong key after another.
fn guess(victim: &Victim, attempts: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let (started, mut judged) = (Instant::now(), 0_u32);
    for attempt in 0..attempts {
        if let Some((stream, challenge)) = challenged(door) {
            let key = format!("wan yifei{attempt}");
            check_refused(stream, &hmac_md5(key.as_bytes(), &challenge));
            judged += 1;
        }
        if attempt == attempts / 2 {
            newcomer(door);
        }
        thread::sleep(PACE);
    }
    let took = started.elapsed();
    if let Some(doublings) = judged.checked_sub(FREE) {
        // Each back-off had passed before the next answer was looked at.
        let waits = FIRST_WAIT * (2_u32.pow(doublings) - 1);
        assert!(waits <= took, "{judged} judged in {took:?}");
    }
    let trips = bystander.leave().0.len();
    format!(
        "{attempts} wrong keys in {:.1} s, {judged} of them looked at; \
         the other source made {trips} round trips",
        took.as_secs_f64()
    )
}

fn newcomer(door: &Door) {
    let mut client = Client::enter(door, NEWCOMER).expect("it gets in");
    client.round_trip().expect("it is served");
    client.leave().expect("to the end");
}

/// As many challenges at once as one source may have, all answered wrong at
/// the same time: no more are looked at than have no back-off.
fn guess_together(victim: &Victim, rounds: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let (mut given, mut judged) = (0, 0);
    for _ in 0..rounds {
        let start = victim.program.err.count();
        // One more than it may have is refused; so is all in a back-off.
        let open: Vec<_> = std::iter::from_fn(|| challenged(door)).collect();
        let (count, started) = (open.len(), Instant::now());
        let mut answered = Vec::new();
        for (mut stream, _) in open {
            stream.write_all(&[7; 16]).expect("it takes the answer");
            answered.push(stream);
        }
        for stream in answered {
            check_refused(stream, b"");
        }
        let wrong = looked_at(victim, start, started, count);
        assert!(challenged(door).is_none(), "a back-off");
        newcomer(door);
        (given, judged) = (given + count, judged + wrong);
    }
    bystander.leave();
    format!("{given} wrong answers at once, {judged} of them looked at")
}

/// Waits until the program has refused `count` wrong answers, with a message
/// each behind its line `start`: how many of them it looked at. It may look at
/// those that are free, and at one more for each wait that has ended since
/// `started`.
fn looked_at(victim: &Victim, start: usize, started: Instant, count: usize) -> usize {
    let said = |part: &str| {
        let lines = victim.program.err.since(start);
        lines.iter().filter(|line| line.contains(part)).count()
    };
    let wrong = || said("wrong answer to the challenge");
    eventually("all are refused", || {
        (wrong() + said("was not looked at") == count).then_some(())
    });
    let waits = started.elapsed().as_millis() / FIRST_WAIT.as_millis();
    let most = FREE + (waits + 1).ilog2();
    let wrong = wrong();
    assert!(wrong <= most as usize, "{wrong} of {count} looked at");
    wrong
}

#[test]
fn wrong_keys_cost_more_and_more_time_and_nobody_else_any() {
    let victim = Victim::start("auth", &[]);
    victim.withstands("wrong keys", 10, sized(100, 1000), guess);
}

#[test]
fn wrong_keys_at_once_are_no_way_around_the_back_off() {
    // The test waits for the back-off at the end: a short one in the small run.
    let few: &[_] = if is_full() {
        &[]
    } else {
        &["--max-unproven=24"]
    };
    let victim = Victim::start("auth", few);
    victim.withstands("wrong keys at once", 1, 1, guess_together);
}

/// An answer that has nothing to do with the challenge that it is given to.
type Elsewhere = (&'static str, fn(&Door) -> Vec<u8>);
/// An answer made of the challenge without the key.
type Reflected = (&'static str, fn(&[u8; 32]) -> Vec<u8>);

/// Answers of other connections, and parts of what the server sends.
fn impersonate(victim: &Victim, times: usize) -> String {
    let door = &victim.door;
    let attempts: [Elsewhere; 5] = [
        ("an answer that was right elsewhere", |door| {
            let (mut stream, challenge) = challenged(door).expect("it is let in");
            let answer = hmac_md5(KEY, &challenge);
            stream.write_all(&answer).expect("it takes it");
            stream
                .write_all(b"\x01\0\0\0a")
                .expect("it takes what follows");
            let mut reply = [0];
            stream.read_exact(&mut reply).expect("it was right there");
            answer.to_vec()
        }),
        ("an answer that nobody has given yet", |door| {
            let (_, challenge) = challenged(door).expect("it is let in");
            hmac_md5(KEY, &challenge).to_vec()
        }),
        ("half a challenge of another connection", |door| {
            challenged(door).expect("it is let in").1[..16].to_vec()
        }),
        ("nothing but zeros", |_| vec![0; 16]),
        ("the key", |_| [KEY, &[0; 7]].concat()),
    ];
    let parts: [Reflected; 4] = [
        ("the first half of its challenge", |c| c[..16].to_vec()),
        ("the second half", |c| c[16..].to_vec()),
        ("all of its challenge", |c| c.to_vec()),
        ("its challenge without a key", |c| hmac_md5(b"", c).to_vec()),
    ];
    for _ in 0..times {
        for (what, answer) in attempts {
            thread::sleep(4 * PACE);
            let answer = answer(door);
            // A right answer clears the back-off; so none of these is refused
            // because of the one before.
            victim.serves(ATTACKER);
            let (stream, _) = challenged(door).expect(what);
            check_refused(stream, &answer);
        }
        for (what, answer) in parts {
            thread::sleep(4 * PACE);
            victim.serves(ATTACKER);
            let (stream, challenge) = challenged(door).expect(what);
            check_refused(stream, &answer(&challenge));
        }
    }
    let all = times * (attempts.len() + parts.len());
    format!("{all} replayed, reflected and empty answers, all refused without a word")
}

#[test]
fn answers_of_others_and_the_challenge_itself_are_wrong() {
    let victim = Victim::start("auth", &[]);
    victim.withstands("replay and reflection", 1, sized(2, 60), impersonate);
}

/// Wrong answers through a bridge of the page. The connection is the page's,
/// and the server still has to know whose the answers are.
fn guess_bridged(victim: &Victim, attempts: usize) -> String {
    let door = &victim.door;
    let (mut judged, mut others) = (0, 0);
    for _ in 0..attempts {
        let (mut stream, challenge) = bridged(door, ATTACKER).expect("the bridge is open");
        if challenge.is_some() {
            let wrong = websocket::frame(LAST | opcode::BINARY, &[7; 16]);
            stream.write_all(&wrong).expect("the bridge takes it");
            judged += 1;
            let end = websocket::read_frame(&mut stream).expect("it is told the end");
            assert_eq!(end.0, opcode::CLOSE);
        }
        reset(stream);
        let (stream, challenge) = bridged(door, NEWCOMER).expect("the bridge is open");
        let challenge = challenge.expect("others have a challenge");
        let reply = prove(stream, &challenge).expect("others are served");
        assert_eq!(reply, b"A");
        others += 1;
    }
    assert!(judged < attempts, "{judged} of {attempts} looked at");
    format!(
        "{attempts} wrong answers, {judged} of them looked at; \
         {others} visits of another source through the same bridge, all served"
    )
}

/// A bridge to auth, and the challenge if there was one.
fn bridged(door: &Door, source: Ipv4Addr) -> std::io::Result<(TcpStream, Option<[u8; 32]>)> {
    let mut stream = dial(source, door.address)?;
    websocket::open(&mut stream, &door.address.to_string(), "/bridge/auth")?;
    let (code, payload) = websocket::read_frame(&mut stream)?;
    let challenge = (code == opcode::BINARY).then(|| payload.try_into().ok());
    Ok((stream, challenge.flatten()))
}

/// Answers a challenge through a bridge with the right key and sends `a`: the reply.
fn prove(mut stream: TcpStream, challenge: &[u8; 32]) -> std::io::Result<Vec<u8>> {
    let answer = hmac_md5(KEY, challenge);
    let said = [&answer[..], b"\x01\0\0\0a"].concat();
    stream.write_all(&websocket::frame(LAST | opcode::BINARY, &said))?;
    let (_, reply) = websocket::read_frame(&mut stream)?;
    reset(stream);
    Ok(reply)
}

/// The same through a bridge.
fn guess_bridged_together(victim: &Victim, count: usize) -> String {
    let door = &victim.door;
    let start = victim.program.err.count();
    let connect = |_| bridged(door, ATTACKER).expect("the bridge is open");
    let open: Vec<_> = (0..count).map(connect).collect();
    let started = Instant::now();
    let mut answered = Vec::new();
    for (mut stream, challenge) in open {
        // The later ones may find their source in a back-off.
        if challenge.is_some() {
            let wrong = websocket::frame(LAST | opcode::BINARY, &[7; 16]);
            stream.write_all(&wrong).expect("the bridge takes it");
            answered.push(stream);
        }
    }
    let given = answered.len();
    for mut stream in answered {
        let end = websocket::read_frame(&mut stream).expect("it is told the end");
        assert_eq!(end.0, opcode::CLOSE);
        reset(stream);
    }
    let judged = looked_at(victim, start, started, given);
    // The address that the bridge gave the attacker is forgiven: it serves
    // what knows the key.
    eventually("the back-off is over", || {
        let (stream, challenge) = bridged(door, ATTACKER).ok()?;
        let reply = prove(stream, &challenge?).ok()?;
        (reply == b"A").then_some(())
    });
    format!("{given} wrong answers at once, {judged} of them looked at")
}

#[test]
fn wrong_keys_at_once_through_a_bridge_are_no_way_around_the_back_off() {
    let victim = Victim::start("bridge", &[]);
    victim.withstands(
        "wrong keys at once over a bridge",
        8,
        sized(24, 200),
        guess_bridged_together,
    );
}

#[test]
fn wrong_keys_through_a_bridge_are_their_source_s() {
    let victim = Victim::start("bridge", &[]);
    victim.withstands(
        "wrong keys over a bridge",
        10,
        sized(30, 300),
        guess_bridged,
    );
}
