//! Calls that move no bytes and may have to wait: for what they would, and how long.

use chop::Waiting;
use kernel::readiness;
use kernel::syscall::Syscall;
use kernel::tracee::Thread;

use super::observer::descriptor as int;
use super::programs::Programs;

/// Of which kind a call is; none of one that moves bytes, or never waits.
pub(super) const fn kind(call: Syscall) -> Option<Waiting> {
    Some(match call {
        Syscall::Accept | Syscall::Accept4 => Waiting::Accept,
        Syscall::Connect => Waiting::Connect,
        Syscall::Poll | Syscall::Ppoll => Waiting::Poll,
        Syscall::Select | Syscall::Pselect6 => Waiting::Select,
        Syscall::EpollWait | Syscall::EpollPwait | Syscall::EpollPwait2 => Waiting::Epoll,
        _ => return None,
    })
}

/// Reads the memory of a program from an address on: so many bytes at most.
type Memory<'a> = &'a dyn Fn(u64, usize) -> Vec<u8>;

/// The first `N` bytes at an address; none if they cannot be read.
fn bytes<const N: usize>(memory: Memory<'_>, address: u64) -> Option<[u8; N]> {
    memory(address, N).first_chunk().copied()
}

/// Most descriptors that are looked at of a call.
const MOST: usize = 256;

/// What a call waits for that waits until one of several descriptors is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// Descriptors, and the events of poll(2) that are waited for on each.
    descriptors: Vec<(i32, i16)>,
    /// The signals that are blocked meanwhile, a bit each; none: those that are blocked before.
    pub(super) blocked: Option<u64>,
}

impl Wait {
    /// That of a call of a program with this `memory`; none if it does not wait, whatever is
    /// ready, or if too much is waited for to be looked at.
    pub(super) fn of((call, arguments): (Syscall, [u64; 6]), memory: Memory<'_>) -> Option<Self> {
        let time = match call {
            Syscall::Poll => Time::Milliseconds(arguments[2]),
            Syscall::EpollWait | Syscall::EpollPwait => Time::Milliseconds(arguments[3]),
            Syscall::Ppoll => Time::At(arguments[2]),
            Syscall::EpollPwait2 => Time::At(arguments[3]),
            _ => Time::At(arguments[4]),
        };
        if time.is_none(memory)? {
            return None;
        }
        let descriptors = match call {
            Syscall::Poll | Syscall::Ppoll => polled(arguments, memory)?,
            Syscall::Select | Syscall::Pselect6 => selected(arguments, memory)?,
            _ => vec![(int(arguments[0]), IN)],
        };
        let mask = match call {
            Syscall::Ppoll => arguments[3],
            Syscall::EpollPwait | Syscall::EpollPwait2 => arguments[4],
            Syscall::Pselect6 if arguments[5] != 0 => {
                u64::from_ne_bytes(bytes(memory, arguments[5])?)
            }
            _ => 0,
        };
        let blocked = match mask {
            0 => None,
            mask => Some(u64::from_ne_bytes(bytes(memory, mask)?)),
        };
        Some(Self {
            descriptors,
            blocked,
        })
    }

    /// Whether one of the descriptors is ready, so that the call returns at once. True where that
    /// is not known.
    pub(super) fn is_over(&self, thread: Thread, world: &mut Programs) -> bool {
        let mut copies = Vec::with_capacity(self.descriptors.len());
        for (fd, events) in &self.descriptors {
            match world.descriptors.copy(thread, *fd) {
                Ok(copy) => copies.push((copy, *events)),
                Err(_) => return true,
            }
        }
        readiness::is_any_ready(&copies)
    }
}

// Events of poll(2), the same on all architectures that are traced.
const IN: i16 = 1;
const PRI: i16 = 2;
const OUT: i16 = 4;

/// How long a call waits at most.
enum Time {
    /// For ever, if negative: an `int`.
    Milliseconds(u64),
    /// As long as the two words there say; for ever, if there is none.
    At(u64),
}

impl Time {
    /// Whether it does not wait at all; none where that is not known.
    fn is_none(&self, memory: Memory<'_>) -> Option<bool> {
        match *self {
            Self::Milliseconds(time) => Some(int(time) == 0),
            Self::At(0) => Some(false),
            Self::At(address) => bytes(memory, address).map(|time| time == [0; 16]),
        }
    }
}

/// Those of an array of `struct pollfd`.
fn polled([address, count, ..]: [u64; 6], memory: Memory<'_>) -> Option<Vec<(i32, i16)>> {
    let count = usize::try_from(count).ok().filter(|count| *count <= MOST)?;
    let all = memory(address, count * 8);
    let (polled, _) = all.as_chunks::<8>();
    let known = polled.iter().map(|one| {
        let [a, b, c, d, low, high, ..] = *one;
        (
            i32::from_ne_bytes([a, b, c, d]),
            i16::from_ne_bytes([low, high]),
        )
    });
    // Negative ones are passed over.
    (polled.len() == count).then(|| known.filter(|(fd, _)| *fd >= 0).collect())
}

/// Those of three sets of bits, for input, output and urgent data.
fn selected([count, sets @ ..]: [u64; 6], memory: Memory<'_>) -> Option<Vec<(i32, i16)>> {
    /// FD_SETSIZE (select(2)).
    const SIZE: i32 = 1_024;
    let count = int(count);
    if !(0..=SIZE).contains(&count) {
        return None;
    }
    let words = usize::try_from(count).ok()?.div_ceil(64);
    let mut found = Vec::new();
    for (address, events) in sets.into_iter().zip([IN, OUT, PRI]) {
        if address == 0 || words == 0 {
            continue;
        }
        let all = memory(address, words * 8);
        if all.len() < words * 8 {
            return None;
        }
        let is_set = |fd: i32| {
            let byte = usize::try_from(fd / 8).ok().and_then(|at| all.get(at));
            byte.is_some_and(|byte| byte >> (fd % 8) & 1 != 0)
        };
        found.extend((0..count).filter(|fd| is_set(*fd)).map(|fd| (fd, events)));
    }
    (found.len() <= MOST).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FDS: u64 = 0x1000;
    const MORE: u64 = 0x2000;
    const TIME: u64 = 0x3000;
    const MASK: u64 = 0x4000;
    const NO_TIME: u64 = 0x5000;

    /// Two descriptors for poll(2), and the bits 3, 64 and 5, 70 for select(2).
    fn memory(address: u64, length: usize) -> Vec<u8> {
        let all = match address {
            FDS => vec![3, 0, 0, 0, 1, 0, 9, 9, 255, 255, 255, 255, 4, 0, 0, 0],
            MORE => [1_u64 << 3 | 1 << 5, 1 | 1 << 6]
                .map(u64::to_ne_bytes)
                .concat(),
            TIME => [0_u64, 5].map(u64::to_ne_bytes).concat(),
            MASK => 0x4002_u64.to_ne_bytes().to_vec(),
            // Where a mask stands, and how many bytes it has.
            0x6000 => [MASK, 8].map(u64::to_ne_bytes).concat(),
            NO_TIME => vec![0; 16],
            _ => Vec::new(),
        };
        all[..length.min(all.len())].to_vec()
    }

    const FOR_EVER: u64 = u32::MAX as u64;

    /// Descriptors, and the signals that are blocked.
    type Expected<'a> = (&'a [(i32, i16)], Option<u64>);

    #[track_caller]
    fn check(call: Syscall, arguments: [u64; 6], expected: Option<Expected<'_>>) {
        let found = Wait::of((call, arguments), &memory);
        let expected = expected.map(|(descriptors, blocked)| Wait {
            descriptors: descriptors.to_vec(),
            blocked,
        });
        assert_eq!(found, expected, "{} {arguments:x?}", call.name());
    }

    #[test]
    fn what_is_polled_is_what_is_waited_for() {
        use Syscall::{Poll, Ppoll};
        let one: &[_] = &[(3, IN)];
        check(Poll, [FDS, 2, FOR_EVER, 0, 0, 0], Some((one, None)));
        check(Poll, [FDS, 2, 0, 0, 0, 0], None);
        check(Poll, [0, 0, 20, 0, 0, 0], Some((&[], None)));
        check(Poll, [FDS, 3, 20, 0, 0, 0], None);
        check(Ppoll, [FDS, 2, 0, 0, 0, 0], Some((one, None)));
        check(Ppoll, [FDS, 1, TIME, MASK, 8, 0], Some((one, Some(0x4002))));
        check(Ppoll, [FDS, 1, NO_TIME, MASK, 8, 0], None);
    }

    #[test]
    fn what_is_selected_is_what_is_waited_for() {
        use Syscall::{Pselect6, Select};
        let all: &[_] = &[(3, IN), (5, IN), (64, IN), (3, OUT), (5, OUT), (64, OUT)];
        check(Select, [65, MORE, MORE, 0, 0, 0], Some((all, None)));
        let low: &[_] = &[(3, PRI)];
        check(Select, [5, 0, 0, MORE, TIME, 0], Some((low, None)));
        check(Select, [5, 0, 0, MORE, NO_TIME, 0], None);
        check(Select, [1 << 20, MORE, 0, 0, 0, 0], None);
        let mask = Some(0x4002);
        check(Pselect6, [5, 0, 0, MORE, 0, 0x6000], Some((low, mask)));
        check(Pselect6, [5, 0, 0, MORE, 0, 0], Some((low, None)));
    }

    #[test]
    fn a_descriptor_of_epoll_is_waited_for_itself() {
        use Syscall::{EpollPwait, EpollPwait2, EpollWait};
        let one: &[_] = &[(7, IN)];
        check(EpollWait, [7, 0, 9, FOR_EVER, 0, 0], Some((one, None)));
        check(EpollWait, [7, 0, 9, 0, 0, 0], None);
        let mask = Some(0x4002);
        check(EpollPwait, [7, 0, 9, 5, MASK, 8], Some((one, mask)));
        check(EpollPwait2, [7, 0, 9, TIME, 0, 8], Some((one, None)));
        check(EpollPwait2, [7, 0, 9, NO_TIME, 0, 8], None);
    }
}
