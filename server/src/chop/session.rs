//! All runs of a program: as is, under schedules, and under fewer and fewer changes of one that
//! breaks it.

use std::time::Duration;

use chop::{Exit, Masks, Outcome, Place, Schedule, Sides};
use kernel::descriptor::Address;
use protocol::Framing;
use record::End;

use super::as_is::AsIs;
use super::judgement::{Judgement, Progress};
use super::partner::Partner;
use super::patience::Patience;
use super::run::{Ran, Setting};
use super::running::run;
use super::search::{Search, Task};
use super::unjudged::Unjudged;

/// Most runs as is behind the first one: two have to be found that can be compared.
const MOST_MORE: usize = 5;

/// What is to be found out.
pub struct Session<'a> {
    /// The program, and who talks to it.
    pub setting: Setting,
    /// Which calls are changed.
    pub sides: Sides,
    /// How what is received at a place is framed.
    pub framing: &'a (dyn Fn(Place) -> Framing + Sync),
    /// What does not count.
    pub masks: Masks,
    /// Decides what random schedules are.
    pub seed: u64,
    /// How long schedules are tried.
    pub budget: Duration,
    /// One schedule alone, in place of all.
    pub only: Option<Schedule>,
    /// How many runs there may be at a time; none: as many as processors, if each run listens
    /// on a port of its own.
    pub jobs: Option<usize>,
    /// Whether a server goes on from schedule to schedule, each on connections of its own; what
    /// breaks it has to break one that has just been started, too.
    pub reuses: bool,
    /// Is told what happens.
    pub progress: &'a (dyn Fn(&Progress<'_>) + Sync),
}

impl Session<'_> {
    /// Finds it out.
    ///
    /// # Errors
    ///
    /// If the program could not be judged, and why.
    pub fn judge(self) -> Result<Judgement, Unjudged> {
        let unchanged = Schedule::default();
        let first = run(&self.setting, &unchanged, Patience::UNKNOWN)?;
        check(&first, &self.setting.partner)?;
        let mut patience = first.patience();
        let mut listening = vec![first.listening.clone()];
        let mut as_is = AsIs::new(first, |ran| &ran.observation, self.masks.clone());
        for _ in 0..MOST_MORE {
            let again = run(&self.setting, &unchanged, patience.longer())?;
            patience = patience.and(again.patience());
            listening.push(again.listening.clone());
            if !again.is_full && as_is.add(again) {
                break;
            }
        }
        let Some((first, baseline, moot)) = as_is.end() else {
            return Err(Unjudged::Unsteady("make different connections"));
        };
        check(&first, &self.setting.partner)?;
        if baseline.is_loose() {
            return Err(Unjudged::Unsteady("have nothing in common"));
        }
        (self.progress)(&Progress::AsIs(&first, &baseline));
        let has_own_ports = has_own_addresses(&listening);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let jobs = self
            .jobs
            .unwrap_or(if has_own_ports { processors } else { 1 });
        let task = Task {
            setting: self.setting,
            sides: self.sides,
            framing: self.framing,
            seed: self.seed,
            budget: self.budget,
            only: self.only,
            patience,
            jobs,
            reuses: self.reuses,
            progress: self.progress,
        };
        Search::new(task, baseline, moot).search(first)
    }
}

/// Whether runs may go on at the same time: each listens somewhere, and none where another one
/// did.
fn has_own_addresses(runs: &[Vec<Address>]) -> bool {
    runs.iter().enumerate().all(|(index, run)| {
        let mut others = runs[index + 1..].iter().flatten();
        !run.is_empty() && !others.any(|address| run.contains(address))
    })
}

/// Whether a run as is can be compared with others.
fn check(ran: &Ran, partner: &Partner) -> Result<(), Unjudged> {
    use crate::tracer::Notice;
    let observation = &ran.observation;
    if ran.is_full {
        return Err(if ran.notices.contains_key(&Notice::Unseen) {
            Unjudged::UnseenBytes
        } else {
            Unjudged::Full("as is")
        });
    }
    let has_peer = matches!(partner, Partner::Command(_));
    if observation.outcome != Outcome::Finished {
        return Err(if has_peer && ran.peer.is_none() {
            Unjudged::EndlessPeer(ran.took)
        } else {
            Unjudged::Endless(ran.took)
        });
    }
    if let Exit::Signal(signal @ (4 | 6 | 7 | 8 | 11)) = observation.exit {
        return Err(Unjudged::Fails(signal));
    }
    if observation.connections.is_empty() {
        return Err(if ran.notices.contains_key(&Notice::IoUring) {
            Unjudged::Unseen
        } else {
            peer("does not connect to it", ran).unwrap_or(Unjudged::NoConnection)
        });
    }
    let streams = observation.streams();
    if streams.iter().all(|stream| stream.bytes.is_empty()) {
        let has_failed = ran
            .peer
            .as_ref()
            .is_some_and(|(exit, _)| *exit != Exit::Code(0));
        let peer = peer("sends it nothing and receives nothing", ran);
        let why = failed(ran).or(peer.filter(|_| has_failed));
        return Err(why.unwrap_or(Unjudged::NoBytes));
    }
    Ok(())
}

/// What became of its peer, if that is a command and has ended.
fn peer(what: &'static str, ran: &Ran) -> Option<Unjudged> {
    let (exit, said) = ran.peer.clone()?;
    Some(Unjudged::Peer { what, exit, said })
}

/// What the last connection that failed of those which the program opened failed with.
fn failed(ran: &Ran) -> Option<Unjudged> {
    let events = ran.record.events().iter();
    let failed = events.filter(|event| event.end == End::Opener);
    let (event, error) = failed
        .rev()
        .find_map(|event| Some((event, event.error.clone()?)))?;
    let mut connections = ran.record.connections.iter();
    let connection = connections.find(|one| one.connection == event.connection)?;
    let to = connection.acceptor.address.clone()?;
    Some(Unjudged::NoServer { to, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_with_an_address_in_common_do_not_go_on_at_the_same_time() {
        let port = |port| Address::Internet(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
        let unix = || Address::Unix(b"/tmp/x".to_vec());
        assert!(has_own_addresses(&[vec![port(1)], vec![port(2)]]));
        assert!(!has_own_addresses(&[vec![port(1)], vec![port(1)]]));
        assert!(!has_own_addresses(&[vec![], vec![]]));
        // One of two ports is fixed.
        let lists = [vec![port(7), port(1)], vec![port(7), port(2)]];
        assert!(!has_own_addresses(&lists));
        // A fixed path beside a port that is new each time, listed in another order.
        let lists = [vec![unix(), port(1)], vec![port(2), unix()]];
        assert!(!has_own_addresses(&lists));
        let lists = [vec![port(1)], vec![port(2)], vec![port(1)]];
        assert!(!has_own_addresses(&lists));
    }
}
