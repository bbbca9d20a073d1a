//! Threads, and the tables of descriptors that they use: shared by the threads of a
//! process and by whoever was made with CLONE_FILES (clone(2)), copied otherwise.

use std::collections::{BTreeMap, HashMap};

use kernel::tracee::Thread;

/// A socket, as the observer numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SocketId(pub(super) u64);

/// What is known of a descriptor. One of which nothing is known stands in no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file, a pipe, or a socket that is of no interest.
    Other,
    /// A socket.
    Socket(SocketId),
}

/// Flags of clone(2).
pub(super) const CLONE_FILES: u64 = 0x400;
/// It makes a thread of the same process.
pub(super) const CLONE_THREAD: u64 = 0x1_0000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TableId(u64);

#[derive(Debug, Default)]
struct Table {
    users: usize,
    entries: BTreeMap<i32, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    process: Thread,
    table: TableId,
}

/// All threads and tables. Whatever it returns are the sockets that a table has one
/// reference less to.
#[derive(Debug, Default)]
pub(super) struct Tables {
    threads: HashMap<Thread, Place>,
    /// The tables, each with how many threads use it.
    shared: HashMap<TableId, Table>,
    made: u64,
}

impl Tables {
    /// The process of a thread.
    pub(super) fn process(&self, thread: Thread) -> Thread {
        let place = self.threads.get(&thread);
        place.map_or(thread, |place| place.process)
    }

    /// Whether no thread is known.
    pub(super) fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Whether a thread is known.
    pub(super) fn has(&self, thread: Thread) -> bool {
        self.threads.contains_key(&thread)
    }

    /// Whether a process has threads that are known.
    pub(super) fn has_process(&self, process: Thread) -> bool {
        let mut places = self.threads.values();
        places.any(|place| place.process == process)
    }

    /// A thread of `process` that begins with a table of which nothing is known.
    pub(super) fn begin(&mut self, thread: Thread, process: Thread) {
        let table = self.table(BTreeMap::new());
        self.threads.insert(thread, Place { process, table });
    }

    /// All threads that are known.
    pub(super) fn threads(&self) -> Vec<Thread> {
        self.threads.keys().copied().collect()
    }

    /// A thread made `child` with these flags. Returns the sockets that have one
    /// reference more, because their table was copied.
    pub(super) fn make(&mut self, parent: Thread, child: Thread, flags: u64) -> Vec<SocketId> {
        let Some(&place) = self.threads.get(&parent) else {
            self.begin(child, child);
            return Vec::new();
        };
        let process = match flags & CLONE_THREAD {
            0 => child,
            _ => place.process,
        };
        let is_shared = flags & CLONE_FILES != 0;
        let table = if is_shared {
            self.shared.entry(place.table).or_default().users += 1;
            place.table
        } else {
            self.table(self.entries(place.table).clone())
        };
        self.threads.insert(child, Place { process, table });
        if is_shared {
            return Vec::new();
        }
        sockets(self.entries(table)).collect()
    }

    /// A thread uses a copy of its table from now on. Returns as [`make`](Self::make).
    pub(super) fn unshare(&mut self, thread: Thread) -> Vec<SocketId> {
        let Some(&Place { process, table }) = self.threads.get(&thread) else {
            return Vec::new();
        };
        if self.shared.get(&table).is_none_or(|table| table.users < 2) {
            return Vec::new();
        }
        let copied = self.table(self.entries(table).clone());
        let added = sockets(self.entries(copied)).collect();
        let place = Place {
            process,
            table: copied,
        };
        self.threads.insert(thread, place);
        self.leave(table);
        added
    }

    /// The process of `thread` runs another program: its other threads are gone, and
    /// the one that made the call had the number `former`. Returns the sockets that
    /// have one reference less, then those that have one more.
    pub(super) fn execute(
        &mut self,
        thread: Thread,
        former: Thread,
    ) -> (Vec<SocketId>, Vec<SocketId>) {
        let process = self.process(thread);
        let mut fewer = Vec::new();
        if let Some(place) = self.threads.remove(&former) {
            let replaced = self.threads.insert(thread, place);
            if let Some(left) = replaced {
                fewer.extend(self.leave(left.table));
            }
        }
        let others = self
            .threads
            .iter()
            .filter(|(other, place)| place.process == process && **other != thread);
        let others: Vec<_> = others.map(|(other, _)| *other).collect();
        for other in others {
            fewer.extend(self.end(other));
        }
        // Nobody else keeps the table that the new program uses.
        let more = self.unshare(thread);
        (fewer, more)
    }

    /// A thread is gone.
    pub(super) fn end(&mut self, thread: Thread) -> Vec<SocketId> {
        match self.threads.remove(&thread) {
            Some(place) => self.leave(place.table),
            None => Vec::new(),
        }
    }

    /// What is known of a descriptor of a thread.
    pub(super) fn entry(&self, thread: Thread, fd: i32) -> Option<Entry> {
        let place = self.threads.get(&thread)?;
        self.entries(place.table).get(&fd).copied()
    }

    /// Sets what a descriptor is; returns the socket that it was.
    pub(super) fn set(
        &mut self,
        thread: Thread,
        fd: i32,
        entry: Option<Entry>,
    ) -> Option<SocketId> {
        let place = self.threads.get(&thread)?;
        let entries = &mut self.shared.get_mut(&place.table)?.entries;
        let before = match entry {
            Some(entry) => entries.insert(fd, entry),
            None => entries.remove(&fd),
        };
        match before? {
            Entry::Socket(socket) => Some(socket),
            Entry::Other => None,
        }
    }

    /// The descriptors of a thread of which something is known, in a range.
    pub(super) fn known(&self, thread: Thread, first: i32, last: i32) -> Vec<(i32, Entry)> {
        let Some(place) = self.threads.get(&thread) else {
            return Vec::new();
        };
        if first > last {
            return Vec::new();
        }
        let entries = self.entries(place.table).range(first..=last);
        entries.map(|(fd, entry)| (*fd, *entry)).collect()
    }

    /// All sockets that are open, each with a thread and a descriptor by which it is.
    pub(super) fn sockets(&self) -> Vec<(Thread, i32, SocketId)> {
        let mut seen = HashMap::new();
        for (thread, place) in &self.threads {
            for (fd, entry) in self.entries(place.table) {
                if let Entry::Socket(socket) = entry {
                    seen.entry(*socket).or_insert((*thread, *fd));
                }
            }
        }
        seen.into_iter()
            .map(|(socket, (thread, fd))| (thread, fd, socket))
            .collect()
    }

    fn table(&mut self, entries: BTreeMap<i32, Entry>) -> TableId {
        let id = TableId(self.made);
        self.made += 1;
        self.shared.insert(id, Table { users: 1, entries });
        id
    }

    fn entries(&self, table: TableId) -> &BTreeMap<i32, Entry> {
        static NONE: BTreeMap<i32, Entry> = BTreeMap::new();
        self.shared
            .get(&table)
            .map_or(&NONE, |table| &table.entries)
    }

    fn leave(&mut self, id: TableId) -> Vec<SocketId> {
        let Some(table) = self.shared.get_mut(&id) else {
            return Vec::new();
        };
        table.users -= 1;
        if table.users > 0 {
            return Vec::new();
        }
        let table = self.shared.remove(&id).unwrap_or_default();
        sockets(&table.entries).collect()
    }
}

fn sockets(entries: &BTreeMap<i32, Entry>) -> impl Iterator<Item = SocketId> {
    entries.values().filter_map(|entry| match entry {
        Entry::Socket(socket) => Some(*socket),
        Entry::Other => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Thread = Thread(1);
    const SOCKET: Entry = Entry::Socket(SocketId(7));

    fn tables() -> Tables {
        let mut tables = Tables::default();
        tables.begin(ONE, ONE);
        assert_eq!(tables.set(ONE, 3, Some(SOCKET)), None);
        tables.set(ONE, 4, Some(Entry::Other));
        tables
    }

    #[test]
    fn a_process_has_a_copy_and_a_thread_has_the_same_table() {
        let mut tables = tables();
        assert_eq!(tables.make(ONE, Thread(2), 0), [SocketId(7)]);
        let thread = CLONE_FILES | CLONE_THREAD;
        assert_eq!(tables.make(ONE, Thread(3), thread), []);
        assert_eq!(tables.process(Thread(2)), Thread(2));
        assert_eq!(tables.process(Thread(3)), ONE);
        assert_eq!(tables.set(Thread(3), 3, None), Some(SocketId(7)));
        assert_eq!(tables.entry(ONE, 3), None);
        assert_eq!(tables.entry(Thread(2), 3), Some(SOCKET));
    }

    #[test]
    fn the_last_user_of_a_table_closes_what_is_in_it() {
        let mut tables = tables();
        tables.make(ONE, Thread(3), CLONE_FILES | CLONE_THREAD);
        assert_eq!(tables.end(ONE), []);
        assert!(tables.has_process(ONE));
        assert_eq!(tables.end(Thread(3)), [SocketId(7)]);
        assert_eq!(tables.end(Thread(3)), []);
        assert!(!tables.has_process(ONE) && tables.is_empty());
        assert!(tables.shared.is_empty());
    }

    #[test]
    fn a_program_run_by_a_second_thread_is_that_of_the_process() {
        let mut tables = tables();
        tables.make(ONE, Thread(2), CLONE_FILES | CLONE_THREAD);
        tables.make(ONE, Thread(3), CLONE_FILES | CLONE_THREAD);
        assert_eq!(tables.execute(ONE, Thread(3)), (vec![], vec![]));
        assert_eq!(tables.entry(ONE, 3), Some(SOCKET));
        assert!(!tables.has(Thread(2)) && !tables.has(Thread(3)));
        assert_eq!(tables.end(ONE), [SocketId(7)]);
        assert!(tables.shared.is_empty());
    }

    #[test]
    fn what_is_shared_with_another_process_is_copied_for_a_new_program() {
        let mut tables = tables();
        tables.make(ONE, Thread(2), CLONE_FILES);
        assert_eq!(
            tables.execute(Thread(2), Thread(2)),
            (vec![], vec![SocketId(7)])
        );
        tables.set(Thread(2), 3, None);
        assert_eq!(tables.entry(ONE, 3), Some(SOCKET));
        assert_eq!(tables.unshare(ONE), [], "it is its own already");
    }

    #[test]
    fn a_range_of_descriptors_is_what_is_known_of_it() {
        let tables = tables();
        assert_eq!(tables.known(ONE, 4, i32::MAX), [(4, Entry::Other)]);
        assert_eq!(tables.known(ONE, 0, 3), [(3, SOCKET)]);
        assert_eq!(tables.known(ONE, 9, 3), []);
    }
}
