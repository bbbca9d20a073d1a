//! The system calls that are of interest in a traced process, and the filter
//! that stops it at these alone (seccomp(2)).

/// The number of a system call on this architecture; none where it has no such call.
macro_rules! number {
    (legacy $name:ident) => {
        if cfg!(target_arch = "x86_64") {
            Some(legacy::$name)
        } else {
            None
        }
    };
    ($name:ident) => {
        Some(libc::$name)
    };
}

/// Calls that newer architectures do not have any more.
mod legacy {
    #[cfg(target_arch = "x86_64")]
    pub(super) use libc::{SYS_dup2, SYS_epoll_wait, SYS_poll, SYS_select};

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) use none::{SYS_dup2, SYS_epoll_wait, SYS_poll, SYS_select};

    /// No call has these numbers.
    #[cfg(not(target_arch = "x86_64"))]
    #[expect(non_upper_case_globals, reason = "named as libc names them")]
    mod none {
        pub(in super::super) const SYS_dup2: libc::c_long = -1;
        pub(in super::super) const SYS_epoll_wait: libc::c_long = -1;
        pub(in super::super) const SYS_poll: libc::c_long = -1;
        pub(in super::super) const SYS_select: libc::c_long = -1;
    }
}

/// Defines the enum and its table.
macro_rules! syscalls {
    ($($syscall:ident = $name:literal, [$($number:tt)+] $(, if $index:literal in [$($value:expr),+])?;)+) => {
        /// A system call of interest.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Syscall {
            $(#[doc = concat!("`", $name, "(2)`.")] $syscall,)+
        }

        impl Syscall {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$syscall),+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$syscall => $name,)+
                }
            }

            /// Its number on this architecture (syscalls(2)).
            const fn number(self) -> Option<libc::c_long> {
                match self {
                    $(Self::$syscall => number!($($number)+),)+
                }
            }

            /// If it is of interest with certain values of one argument only: which
            /// argument, and the lower halves of those values.
            const fn condition(self) -> Option<(u32, &'static [u32])> {
                match self {
                    $(Self::$syscall => syscalls!(@condition $($index [$($value),+])?),)+
                }
            }
        }
    };
    (@condition) => { None };
    (@condition $index:literal [$($value:expr),+]) => { Some(($index, const { &[$($value),+] })) };
}

syscalls! {
    Read = "read", [SYS_read];
    Readv = "readv", [SYS_readv];
    Preadv2 = "preadv2", [SYS_preadv2];
    Recvfrom = "recvfrom", [SYS_recvfrom];
    Recvmsg = "recvmsg", [SYS_recvmsg];
    Recvmmsg = "recvmmsg", [SYS_recvmmsg];
    Write = "write", [SYS_write];
    Writev = "writev", [SYS_writev];
    Pwritev2 = "pwritev2", [SYS_pwritev2];
    Sendto = "sendto", [SYS_sendto];
    Sendmsg = "sendmsg", [SYS_sendmsg];
    Sendmmsg = "sendmmsg", [SYS_sendmmsg];
    Sendfile = "sendfile", [SYS_sendfile];
    Splice = "splice", [SYS_splice];
    Bind = "bind", [SYS_bind];
    Listen = "listen", [SYS_listen];
    Connect = "connect", [SYS_connect];
    Accept = "accept", [SYS_accept];
    Accept4 = "accept4", [SYS_accept4];
    Socketpair = "socketpair", [SYS_socketpair];
    Shutdown = "shutdown", [SYS_shutdown];
    Close = "close", [SYS_close];
    CloseRange = "close_range", [SYS_close_range];
    Dup = "dup", [SYS_dup];
    Dup2 = "dup2", [legacy SYS_dup2];
    Dup3 = "dup3", [SYS_dup3];
    Fcntl = "fcntl", [SYS_fcntl],
        if 1 in [libc::F_DUPFD.cast_unsigned(), libc::F_DUPFD_CLOEXEC.cast_unsigned()];
    Getsockopt = "getsockopt", [SYS_getsockopt], if 2 in [libc::SO_ERROR.cast_unsigned()];
    // Whatever their level: the observer looks at that.
    Setsockopt = "setsockopt", [SYS_setsockopt],
        if 2 in [
            libc::TCP_NODELAY.cast_unsigned(),
            libc::TCP_CORK.cast_unsigned(),
            libc::TCP_QUICKACK.cast_unsigned(),
            libc::SO_KEEPALIVE.cast_unsigned(),
            libc::SO_LINGER.cast_unsigned(),
            libc::SO_SNDBUF.cast_unsigned(),
            libc::SO_RCVBUF.cast_unsigned(),
            libc::SO_SNDBUFFORCE.cast_unsigned(),
            libc::SO_RCVBUFFORCE.cast_unsigned()
        ];
    Clone = "clone", [SYS_clone];
    Clone3 = "clone3", [SYS_clone3];
    Unshare = "unshare", [SYS_unshare];
    IoUringSetup = "io_uring_setup", [SYS_io_uring_setup];
    RtSigaction = "rt_sigaction", [SYS_rt_sigaction];
    Poll = "poll", [legacy SYS_poll];
    Ppoll = "ppoll", [SYS_ppoll];
    Select = "select", [legacy SYS_select];
    Pselect6 = "pselect6", [SYS_pselect6];
    EpollWait = "epoll_wait", [legacy SYS_epoll_wait];
    EpollPwait = "epoll_pwait", [SYS_epoll_pwait];
    EpollPwait2 = "epoll_pwait2", [SYS_epoll_pwait2];
}

impl Syscall {
    /// The call with this number; none if it is not of interest.
    pub(crate) fn of(number: u64) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|call| call.number().and_then(|n| u64::try_from(n).ok()) == Some(number))
    }

    /// Whether it waits until one of several descriptors is ready.
    pub const fn is_wait(self) -> bool {
        matches!(
            self,
            Self::Poll
                | Self::Ppoll
                | Self::Select
                | Self::Pselect6
                | Self::EpollWait
                | Self::EpollPwait
                | Self::EpollPwait2
        )
    }
}

/// How the kernel calls this architecture (linux/audit.h); none where this
/// program traces nothing.
const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else {
    None
};

// Where the fields of `struct seccomp_data` stand (linux/seccomp.h).
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// Which calls stop a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that say what it does on connections.
    Connections,
    /// Those and the ones that say which signals interrupt them.
    Signals,
    /// Those and the ones that wait until one of several descriptors is ready.
    Waits,
}

impl Scope {
    const fn has(self, call: Syscall) -> bool {
        if call.is_wait() {
            return matches!(self, Self::Waits);
        }
        !matches!((call, self), (Syscall::RtSigaction, Self::Connections))
    }
}

/// The filter as the kernel runs it; none on an architecture that is not supported.
/// Calls of another architecture, such as those of a 32-bit program, pass.
pub(crate) fn program(scope: Scope) -> Option<Vec<libc::sock_filter>> {
    let trace = instruction(RETURN, libc::SECCOMP_RET_TRACE);
    let allow = instruction(RETURN, libc::SECCOMP_RET_ALLOW);
    let mut program = vec![
        instruction(LOAD, ARCH),
        unless_equal(ARCHITECTURE?, 1),
        instruction(JUMP, 1),
        allow,
        instruction(LOAD, NUMBER),
    ];
    for call in Syscall::ALL.into_iter().filter(|call| scope.has(*call)) {
        let Some(number) = call.number().and_then(|n| u32::try_from(n).ok()) else {
            continue;
        };
        let Some((index, values)) = call.condition() else {
            program.extend([unless_equal(number, 1), trace]);
            continue;
        };
        let inside = 2 + 2 * u8::try_from(values.len()).ok()?;
        program.push(unless_equal(number, inside));
        // The lower half of a word; both architectures are little-endian.
        program.push(instruction(LOAD, ARGUMENTS + 8 * index));
        for &value in values {
            program.extend([unless_equal(value, 1), trace]);
        }
        program.push(allow);
    }
    program.push(allow);
    Some(program)
}

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const JUMP_IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;

const fn instruction(code: u32, value: u32) -> libc::sock_filter {
    jump(code, value, 0)
}

/// Leaves out the next `distance` instructions unless the accumulator is `value`.
const fn unless_equal(value: u32, distance: u8) -> libc::sock_filter {
    jump(JUMP_IF_EQUAL, value, distance)
}

#[expect(clippy::cast_possible_truncation, reason = "codes have 16 bits")]
const fn jump(code: u32, value: u32, distance: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: distance,
        k: value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter says of a call: the classic BPF machine, as far as it is used.
    fn run(arch: u32, number: u32, arguments: [u64; 6]) -> u32 {
        run_for(Scope::Waits, arch, number, arguments)
    }

    fn run_for(scope: Scope, arch: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let program = program(scope).expect("a supported architecture");
        let mut data = [number, arch, 0, 0].map(u32::to_le_bytes).concat();
        data.extend(arguments.iter().flat_map(|word| word.to_le_bytes()));
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            match u32::from(step.code) {
                LOAD => {
                    let from = step.k as usize;
                    accumulator = u32::from_le_bytes(*data[from..].first_chunk().unwrap());
                }
                JUMP => at += step.k as usize,
                JUMP_IF_EQUAL if accumulator == step.k => {}
                JUMP_IF_EQUAL => at += usize::from(step.jf),
                RETURN => return step.k,
                code => panic!("{code}"),
            }
        }
    }

    fn check(call: Syscall, arguments: [u64; 6], is_traced: bool) {
        let number = u32::try_from(call.number().unwrap()).unwrap();
        let expected = if is_traced {
            libc::SECCOMP_RET_TRACE
        } else {
            libc::SECCOMP_RET_ALLOW
        };
        let native = ARCHITECTURE.unwrap();
        assert_eq!(run(native, number, arguments), expected, "{}", call.name());
        // The same number of another architecture is another call.
        let other = run(0x4000_0003, number, arguments);
        assert_eq!(other, libc::SECCOMP_RET_ALLOW, "{}", call.name());
    }

    #[test]
    fn calls_of_interest_stop_and_others_pass() {
        for call in Syscall::ALL {
            if call.number().is_some() && call.condition().is_none() {
                check(call, [0; 6], true);
            }
        }
        for number in [libc::SYS_openat, libc::SYS_futex, libc::SYS_execve] {
            assert_eq!(Syscall::of(number.cast_unsigned()), None);
            let number = u32::try_from(number).unwrap();
            let said = run(ARCHITECTURE.unwrap(), number, [0; 6]);
            assert_eq!(said, libc::SECCOMP_RET_ALLOW);
        }
    }

    #[test]
    fn calls_stop_where_they_are_asked_for() {
        let stops = |scope: Scope, call: Syscall| {
            let number = u32::try_from(call.number().unwrap()).unwrap();
            let said = run_for(scope, ARCHITECTURE.unwrap(), number, [0; 6]);
            said == libc::SECCOMP_RET_TRACE
        };
        for (call, expected) in [
            (Syscall::Accept, [true, true, true]),
            (Syscall::RtSigaction, [false, true, true]),
            (Syscall::Ppoll, [false, false, true]),
            (Syscall::EpollPwait, [false, false, true]),
        ] {
            let scopes = [Scope::Connections, Scope::Signals, Scope::Waits];
            let stopped = scopes.map(|scope| stops(scope, call));
            assert_eq!(stopped, expected, "{}", call.name());
        }
    }

    #[test]
    fn some_calls_stop_with_certain_arguments_only() {
        let at = |index: usize, value: u64| {
            let mut arguments = [0xdead_beef_0000_0007; 6];
            arguments[index] = value;
            arguments
        };
        check(Syscall::Fcntl, at(1, 0), true);
        check(Syscall::Fcntl, at(1, 1030), true);
        check(Syscall::Fcntl, at(1, 3), false);
        check(Syscall::Getsockopt, at(2, 4), true);
        check(Syscall::Getsockopt, at(2, 3), false);
        check(Syscall::Setsockopt, at(2, 13), true);
        check(Syscall::Setsockopt, at(2, 33), true);
        check(Syscall::Setsockopt, at(2, 2), false);
    }

    #[test]
    fn numbers_and_names_are_those_of_one_call() {
        for call in Syscall::ALL {
            if let Some(number) = call.number() {
                assert_eq!(Syscall::of(number.cast_unsigned()), Some(call));
            }
        }
        assert_eq!(Syscall::Recvmmsg.name(), "recvmmsg");
    }
}
