//! More connections than one source may have, while another source talks.

use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use tests::{eventually, websocket};

use super::bystander::Bystander;
use super::client::{Client, dial, reset};
use super::victim::{Door, Victim};
use super::{ATTACKER, LISTENERS, NEWCOMER, WEBSOCKETS, each, is_full, sized};

/// More than one source may have, held at a time.
pub(crate) const HELD: usize = 1_200;
/// A source's places for sessions in the lab.
const SESSIONS: usize = 64;

/// A connection that was begun, and is not waited for.
pub(crate) struct Begun(Socket);

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In the queue of the kernel, or not even there.
    Waits,
    /// Taken or about to be.
    Open,
    /// Closed.
    Refused,
}

impl Begun {
    pub(crate) fn new(to: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let source = SocketAddr::from((ATTACKER, 0));
        socket.bind(&source.into()).expect("a free port");
        socket.set_nonblocking(true).expect("an option");
        // A reset leaves no port behind in TIME_WAIT.
        socket.set_linger(Some(Duration::ZERO)).expect("an option");
        // It goes on by itself.
        let _ = socket.connect(&to.into());
        Self(socket)
    }

    pub(crate) fn state(&mut self) -> State {
        if self.0.peer_addr().is_err() && !matches!(self.0.take_error(), Ok(Some(_))) {
            return State::Waits;
        }
        let mut challenge = [0; 64];
        match self.0.read(&mut challenge) {
            Ok(0) => State::Refused,
            Err(error) if error.kind() != ErrorKind::WouldBlock => State::Refused,
            _ => State::Open,
        }
    }
}

/// Descriptors for thousands of connections, here and in what is started here.
pub(crate) fn room() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = maximum;
    // Where it can't be raised, what is there has to do.
    let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
}

fn count(begun: &mut [Begun], state: &State) -> usize {
    let states = begun.iter_mut().map(Begun::state);
    states.filter(|other| other == state).count()
}

/// `held` connections at once, until some were refused. Who was there before
/// and who comes now is served meanwhile.
fn flood(victim: &Victim, held: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let mut begun: Vec<_> = (0..held).map(|_| Begun::new(door.address)).collect();
    let mut refused = 0;
    if door.name == "tcp-echo" {
        // One client at a time: all the others wait in the kernel.
        assert_eq!(count(&mut begun, &State::Refused), 0);
    } else if held >= HELD {
        refused = eventually("a refusal", || {
            let refused = count(&mut begun, &State::Refused);
            (refused > 0).then_some(refused)
        });
        newcomer(door);
    }
    let open = count(&mut begun, &State::Open);
    let (trips, lost) = bystander.leave();
    format!(
        "{held} connections at once: {refused} refused, {open} open; \
         the other source made {} round trips, {lost} lost",
        trips.len()
    )
}

/// Somebody else gets in while the flood is there.
fn newcomer(door: &Door) {
    let mut client = Client::enter(door, NEWCOMER).expect("it gets in");
    client.round_trip().expect("it is served");
    client.leave().expect("it is served to the end");
}

/// A quarter of the places for who has not answered the challenge is one
/// source's. So few that leaving them is no back-off in the small run.
fn few_unproven(name: &str) -> &'static [&'static str] {
    if name == "auth" && !is_full() {
        return &["--max-unproven=16"];
    }
    &[]
}

#[test]
fn more_connections_than_a_source_may_have_are_refused_and_nobody_else_is() {
    room();
    each(&LISTENERS, |name| {
        let victim = Victim::start(name, few_unproven(name));
        victim.withstands("connection flood", HELD, HELD, flood);
    });
}

/// Sessions of one source until one is refused, and all of them held.
fn sessions(victim: &Victim, most: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let held: Vec<_> = (0..most).map_while(|_| session(door)).collect();
    newcomer(door);
    let (trips, _) = bystander.leave();
    let taken = held.len();
    if door.name == "lab" {
        assert_eq!(taken, SESSIONS, "of one source");
    }
    held.into_iter().for_each(reset);
    format!(
        "{taken} sessions of one source of {most} asked for; \
         the other source made {} round trips",
        trips.len()
    )
}

/// A WebSocket that got something else than its end.
fn session(door: &Door) -> Option<TcpStream> {
    let mut stream = dial(ATTACKER, door.address).expect("the page listens");
    let host = door.address.to_string();
    let path = if door.name == "lab" {
        "/lab"
    } else {
        "/bridge/udp-echo"
    };
    websocket::open(&mut stream, &host, path).ok()?;
    if door.name == "lab" {
        let (opcode, _) = websocket::read_frame(&mut stream).ok()?;
        if opcode == websocket::opcode::CLOSE {
            return None;
        }
    }
    Some(stream)
}

#[test]
fn one_source_cannot_take_all_sessions() {
    room();
    each(&WEBSOCKETS, |name| {
        let victim = Victim::start(name, &[]);
        let most = sized(SESSIONS + 40, 600);
        victim.withstands("session flood", most, most, sessions);
    });
}
