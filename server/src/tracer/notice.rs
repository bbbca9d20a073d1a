//! What of a program cannot be seen, each said once.

/// What cannot be seen, or is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// A process made a queue of io_uring(7): the calls made through it are missing.
    IoUring,
    /// A process runs a 32-bit program, whose calls are not observed.
    ThirtyTwoBit,
    /// A process runs a program with the set-user-ID or set-group-ID bit, which gives
    /// it no privilege while it is traced (execve(2)).
    SetId,
    /// The kernel does not let the tracer ask what a descriptor is (pidfd_getfd(2)).
    Descriptors,
    /// Bytes of a stream never were in the program's memory, or could not be read
    /// there: what its direction carries from there on is left out.
    Unseen,
    /// A byte was sent or received out of band (MSG_OOB, send(2)): what its direction
    /// carries from there on is left out.
    OutOfBand,
    /// Datagrams and packets of Unix sockets are not recorded.
    UnixDatagrams,
    /// A datagram was received by a call that did not ask who had sent it.
    Anonymous,
    /// The C library asked for its name service cache (nscd(8)), which was not there, as it does
    /// before it looks up a user or a host: no connection of the program's own.
    Lookups,
}

/// What is known of something that cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// Whose calls were the first that it is about.
    pub who: String,
    /// How often it was noticed.
    pub times: u64,
}

impl Notice {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::IoUring,
        Self::ThirtyTwoBit,
        Self::SetId,
        Self::Descriptors,
        Self::Unseen,
        Self::OutOfBand,
        Self::UnixDatagrams,
        Self::Anonymous,
        Self::Lookups,
    ];

    /// Key of its sentence in the terminal's catalogs, with what is [`Noticed`].
    pub const fn key(self) -> &'static str {
        match self {
            Self::IoUring => "terminal.tracer-io-uring",
            Self::ThirtyTwoBit => "terminal.tracer-32-bit",
            Self::SetId => "terminal.tracer-set-id",
            Self::Descriptors => "terminal.tracer-descriptors",
            Self::Unseen => "terminal.tracer-unseen",
            Self::OutOfBand => "terminal.tracer-out-of-band",
            Self::UnixDatagrams => "terminal.tracer-unix-datagrams",
            Self::Anonymous => "terminal.tracer-anonymous",
            Self::Lookups => "terminal.tracer-lookups",
        }
    }
}
