//! What page and gateway say to each other, one JSON object a text frame; the
//! gateway's half is also what a saved trace and `--json` hold, one a line.

mod parts;

use protocol::Nanos;
use serde::{Deserialize, Serialize};

use record::{Connection, Event, Party};

use crate::told::Reference;
use crate::{ClientId, Experiment, Setup};

/// Version of the lines; a reader refuses a newer one. Version 1 had no
/// packets, version 2 no decisions, version 3 no run that waited or whose page
/// took nothing; version 4 knew an experiment's server and clients only.
pub const VERSION: u32 = 5;

/// Longest request the gateway takes, in bytes of JSON. [`Request::parts`]
/// keeps to it.
pub const MAX_REQUEST: usize = 256 * 1024;

/// From the page: start a run, then tell its clients what to do.
///
/// Each client works through its commands in order. It reads all the while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Ends the run that is going on or waits, if any, and starts this one: the
    /// private server listens, the clients connect.
    Run {
        /// A number the answer repeats, so that late lines of an earlier run
        /// can be told apart.
        run: u32,
        /// What to run. The messages in it may be left out: framing them and
        /// sending them is the page's part.
        experiment: Experiment,
    },
    /// The first bytes of one client's next send(), which is longer than a
    /// request may be. Further parts, and then the first of the client's next
    /// [`Request::Send`], are joined to it: together they are one call.
    Part {
        /// Which client.
        client: ClientId,
        /// The bytes.
        #[serde(with = "record::hex")]
        bytes: Vec<u8>,
    },
    /// One client calls send() for each of these.
    Send {
        /// Which client.
        client: ClientId,
        /// What it sends.
        sends: Vec<Send>,
    },
    /// One client closes its connection (FIN; a datagram socket just closes).
    Close {
        /// Which client.
        client: ClientId,
        /// How long it waits before that. A further `close` for the same
        /// client replaces the wait with its own.
        #[serde(default)]
        after: Nanos,
    },
    /// Ends the run that is going on, or gives up the place of one that waits.
    Stop,
}

/// One send() to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Pause before it, kept by the side that owns the socket.
    #[serde(default)]
    pub gap: Nanos,
    /// The bytes, framed already; may be none.
    #[serde(with = "record::hex")]
    pub bytes: Vec<u8>,
}

/// From the gateway, and in trace files. [`Line::parse`] reads one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Line {
    /// First on every connection of the page.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// The program's own version.
        program: String,
        /// Kernel name and release, such as `Linux 6.18`.
        kernel: String,
    },
    /// A run waits until others have ended; said again whenever its place
    /// changes. Part of no trace.
    Queued {
        /// The request's number.
        run: u32,
        /// Its place among those that wait; 1 is the next to start.
        place: u32,
    },
    /// A record begins. First line of a trace.
    Run {
        /// [`VERSION`].
        version: u32,
        /// The request's number; 0 outside the page.
        #[serde(default)]
        run: u32,
        /// Kernel name and release it runs on; empty if nobody said.
        #[serde(default)]
        kernel: String,
        /// What was planned, if anything was: a run of the lab.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        experiment: Option<Experiment>,
        /// Which lesson it is of, if it is of one; lines to the page do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lesson: Option<Box<Reference>>,
        /// What is known of the connections, where nothing was planned.
        #[serde(default, skip_serializing_if = "is_default")]
        setup: Setup,
        /// Whether the wire is watched.
        #[serde(default)]
        capture: Capture,
    },
    /// A party whose events may follow.
    Party(Party),
    /// A connection that events may follow of.
    Connection(Connection),
    /// A call returned, or a packet was captured. Lines of different programs may come out of order by
    /// as much as the programs ran in parallel: sort by time.
    Event(Event),
    /// The run is over. Last line of a trace.
    Ended {
        /// Events in all.
        events: u32,
        /// Why it is over.
        why: Ending,
        /// Packets the capture lost because it could not keep up; none if
        /// there was no capture, or if it broke off before the end.
        #[serde(skip_serializing_if = "Option::is_none")]
        missed: Option<u32>,
        /// Datagrams that the server's socket lost to its full buffer, all in
        /// all (SO_MEMINFO, `SK_MEMINFO_DROPS`); none for streams.
        #[serde(skip_serializing_if = "Option::is_none")]
        dropped: Option<u32>,
    },
    /// A request could not be followed; the session goes on.
    Error {
        /// What was wrong, in English.
        message: String,
    },
}

impl Line {
    /// Reads a line from its JSON object. Fields it does not know are ignored.
    ///
    /// In two steps, first the type and then its fields: `serde`'s own way to
    /// tag a type inside its object costs the page 30 KB of code.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let tag: Tag = serde_json::from_str(json)?;
        Ok(match tag.r#type {
            Type::Hello => {
                let hello: Hello = serde_json::from_str(json)?;
                Self::Hello {
                    version: hello.version,
                    program: hello.program,
                    kernel: hello.kernel,
                }
            }
            Type::Queued => {
                let queued: Queued = serde_json::from_str(json)?;
                Self::Queued {
                    run: queued.run,
                    place: queued.place,
                }
            }
            Type::Run => {
                let run: Run = serde_json::from_str(json)?;
                Self::Run {
                    version: run.version,
                    run: run.run,
                    kernel: run.kernel,
                    experiment: run.experiment,
                    lesson: run.lesson,
                    setup: run.setup,
                    capture: run.capture,
                }
            }
            Type::Party => Self::Party(serde_json::from_str(json)?),
            Type::Connection => Self::Connection(serde_json::from_str(json)?),
            Type::Event => Self::Event(serde_json::from_str(json)?),
            Type::Ended => {
                let ended: Ended = serde_json::from_str(json)?;
                Self::Ended {
                    events: ended.events,
                    why: ended.why,
                    missed: ended.missed,
                    dropped: ended.dropped,
                }
            }
            Type::Error => {
                let error: Error = serde_json::from_str(json)?;
                Self::Error {
                    message: error.message,
                }
            }
        })
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Deserialize)]
struct Tag {
    r#type: Type,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Type {
    Hello,
    Queued,
    Run,
    Party,
    Connection,
    Event,
    Ended,
    Error,
}

#[derive(Deserialize)]
struct Hello {
    version: u32,
    program: String,
    kernel: String,
}

#[derive(Deserialize)]
struct Queued {
    run: u32,
    place: u32,
}

#[derive(Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names of the fields on the wire"
)]
struct Run {
    version: u32,
    #[serde(default)]
    run: u32,
    #[serde(default)]
    kernel: String,
    #[serde(default)]
    experiment: Option<Experiment>,
    #[serde(default)]
    lesson: Option<Box<Reference>>,
    #[serde(default)]
    setup: Setup,
    #[serde(default)]
    capture: Capture,
}

#[derive(Deserialize)]
struct Ended {
    events: u32,
    why: Ending,
    missed: Option<u32>,
    dropped: Option<u32>,
}

#[derive(Deserialize)]
struct Error {
    message: String,
}

/// Whether the wire was watched during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// Every packet of the run was captured.
    On,
    /// The program may not: it needs CAP_NET_RAW (capabilities(7)).
    NeedsCapNetRaw,
    /// This system has no packet(7) sockets.
    Unsupported,
    /// It could not be started for another reason; an error line says which.
    Failed,
    /// Nobody said: the trace is from an earlier version.
    #[default]
    Unknown,
}

impl Capture {
    protocol::all_variants! {
        /// All of them.
        On, NeedsCapNetRaw, Unsupported, Failed, Unknown
    }

    /// The name in a `run` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::NeedsCapNetRaw => "needs-cap-net-raw",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All clients closed and the server was done with them.
    Finished,
    /// It was stopped, or another run was asked for.
    Stopped,
    /// It took longer than a run may.
    TimedOut,
    /// It had more events or bytes than a run may, or its page took too little
    /// of them; the trace's last event says which ([`crate::Reason`]).
    Limit,
}

impl Ending {
    protocol::all_variants! {
        /// All of them.
        Finished, Stopped, TimedOut, Limit
    }

    /// The name in an `ended` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::TimedOut => "timed-out",
            Self::Limit => "limit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::System;

    fn check_request(request: &Request, json: &str) {
        assert_eq!(serde_json::to_string(request).unwrap(), json);
        assert_eq!(&serde_json::from_str::<Request>(json).unwrap(), request);
    }

    fn check_line(line: &Line, json: &str) {
        assert_eq!(serde_json::to_string(line).unwrap(), json);
        assert_eq!(&Line::parse(json).unwrap(), line);
    }

    #[test]
    fn requests_and_lines_as_they_travel() {
        check_request(
            &Request::Send {
                client: ClientId::FIRST,
                sends: vec![Send {
                    gap: Nanos(5),
                    bytes: b"hi".to_vec(),
                }],
            },
            r#"{"type":"send","client":1,"sends":[{"gap":5,"bytes":"6869"}]}"#,
        );
        check_request(
            &Request::Part {
                client: ClientId::SECOND,
                bytes: vec![0, 255],
            },
            r#"{"type":"part","client":2,"bytes":"00ff"}"#,
        );
        check_request(&Request::Stop, r#"{"type":"stop"}"#);
        check_line(
            &Line::Queued { run: 7, place: 2 },
            r#"{"type":"queued","run":7,"place":2}"#,
        );
        check_line(
            &Line::Ended {
                events: 3,
                why: Ending::TimedOut,
                missed: Some(0),
                dropped: None,
            },
            r#"{"type":"ended","events":3,"why":"timed-out","missed":0}"#,
        );
        check_line(
            &Line::Hello {
                version: 1,
                program: "0.1.0".to_owned(),
                kernel: "Linux 6.18".to_owned(),
            },
            r#"{"type":"hello","version":1,"program":"0.1.0","kernel":"Linux 6.18"}"#,
        );
        check_line(
            &Line::Error {
                message: "a \"quoted\" 粘".to_owned(),
            },
            r#"{"type":"error","message":"a \"quoted\" 粘"}"#,
        );
        let run = Request::Run {
            run: 7,
            experiment: Experiment::new(System::UdpEcho, &["x"]),
        };
        let json = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), run);
    }

    #[test]
    fn endings_are_named_as_in_json() {
        for capture in Capture::ALL {
            let json = serde_json::to_string(&capture).unwrap();
            assert_eq!(json, format!("\"{}\"", capture.name()));
        }
        for ending in Ending::ALL {
            let json = serde_json::to_string(&ending).unwrap();
            assert_eq!(json, format!("\"{}\"", ending.name()));
        }
    }

    #[test]
    fn lines_name_what_they_lack() {
        for (json, part) in [
            (r#"{"type":"ended","events":3}"#, "missing field `why`"),
            (r#"{"type":"later"}"#, "unknown variant `later`"),
            (r#"{"events":3}"#, "missing field `type`"),
            (r#"{"type":"event","at":-1}"#, "invalid value"),
        ] {
            let error = Line::parse(json).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }

    #[test]
    fn hostile_requests_are_errors() {
        for json in [
            r#"{"type":"send","client":3,"sends":[]}"#,
            r#"{"type":"send","client":1,"sends":[{"bytes":"abc"}]}"#,
            r#"{"type":"connect","to":"192.0.2.1:80"}"#,
            r#"{"type":"run","run":-1}"#,
            "[]",
            "",
        ] {
            assert!(serde_json::from_str::<Request>(json).is_err(), "{json}");
        }
    }
}
