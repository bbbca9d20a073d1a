//! Processes as parties of the record: one for each program that a process runs and
//! that makes a call on a connection.

use std::collections::{HashMap, HashSet};

use kernel::tracee::Thread;
use record::{MAX_PARTIES, Party, PartyId};

/// Most characters of a party's name.
const MAX_NAME: usize = 64;

/// The parties so far.
#[derive(Debug, Default)]
pub(super) struct Parties {
    by_process: HashMap<Thread, PartyId>,
    names: HashSet<String>,
    made: u32,
}

impl Parties {
    /// The party that a process is, if it is one.
    pub(super) fn of(&self, process: Thread) -> Option<PartyId> {
        self.by_process.get(&process).copied()
    }

    /// Makes a process a party; none if there are as many as may be.
    pub(super) fn add(&mut self, process: Thread, command: Vec<String>) -> Option<Party> {
        if self.made as usize >= MAX_PARTIES {
            return None;
        }
        self.made += 1;
        let id = PartyId(self.made);
        self.by_process.insert(process, id);
        let mut name = name(&command);
        if !self.names.insert(name.clone()) {
            name = format!("{name} ({process})");
            // A process that ran the same program before keeps its name.
            self.names.insert(name.clone());
        }
        Some(Party {
            party: id,
            name,
            process: u32::try_from(process.0).ok(),
            command,
            proxy: false,
        })
    }

    /// A process runs another program, or is gone.
    pub(super) fn forget(&mut self, process: Thread) {
        self.by_process.remove(&process);
    }
}

/// What a command is called: its program; of an interpreter, its script.
pub(super) fn name(command: &[String]) -> String {
    let base = |word: &str| {
        let base = word.rsplit('/').find(|part| !part.is_empty());
        base.unwrap_or(word).to_owned()
    };
    // What a program calls itself (setproctitle(3)) has its name in front: nginx: master.
    let program = command.first().map(|word| match word.split_once(": ") {
        Some((name, _)) => base(name),
        None => base(word),
    });
    let program = program.unwrap_or_default();
    let script = command.get(1).filter(|_| is_interpreter(&program));
    let script = script.filter(|word| !word.starts_with('-') && !word.is_empty());
    let name = script.map_or(program, |word| base(word));
    if name.is_empty() {
        return "?".to_owned();
    }
    name.chars().take(MAX_NAME).collect()
}

/// Whether a program runs the file that its first argument names.
fn is_interpreter(program: &str) -> bool {
    const NAMES: [&str; 11] = [
        "bash", "bun", "dash", "lua", "node", "perl", "php", "python", "ruby", "sh", "zsh",
    ];
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &str) -> Vec<String> {
        command.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_program_is_called_by_its_file() {
        let check = |command, expected| assert_eq!(name(&words(command)), expected, "{command}");
        check("/usr/bin/curl http://x", "curl");
        check("/usr/bin/python3.12 ./chat/server.py 8000", "server.py");
        check("python3 -m http.server", "python3");
        check("sh -c server", "sh");
        check("nodes server.js", "nodes");
        check("-bash", "-bash");
        check("", "?");
        let title = ["nginx: master process nginx -c /etc/nginx.conf".to_owned()];
        assert_eq!(name(&title), "nginx");
        assert_eq!(
            name(&["redis-server *:6379".to_owned()]),
            "redis-server *:6379"
        );
        let long = "x".repeat(200);
        assert_eq!(name(&[long]).len(), 64);
        assert_eq!(name(&[]), "?");
    }

    #[test]
    fn programs_of_one_name_are_told_apart() {
        let mut parties = Parties::default();
        let mut add = |process| parties.add(Thread(process), words("worker")).unwrap().name;
        assert_eq!([add(5), add(6)], ["worker", "worker (6)"]);
        assert_eq!(parties.of(Thread(6)), Some(PartyId(2)));
        parties.forget(Thread(6));
        assert_eq!(parties.of(Thread(6)), None);
    }

    #[test]
    fn there_are_as_many_as_a_record_may_have() {
        let mut parties = Parties::default();
        let most = i32::try_from(MAX_PARTIES).unwrap();
        for process in 0..most {
            assert!(parties.add(Thread(process), words("x")).is_some());
        }
        assert!(parties.add(Thread(most), words("x")).is_none());
    }
}
