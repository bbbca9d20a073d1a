//! What page and gateway say to each other, one JSON object a text frame. The
//! gateway's half are the lines of [`record::file`].

mod lessons;
mod parts;

use protocol::Nanos;
use serde::{Deserialize, Serialize};

use record::file;

pub use lessons::{LessonFile, LessonMistake, Lessons, MAX_LESSON_SENT, ReadLesson};
pub use record::file::{Run, VERSION};
pub use record::{Capture, Ended, Ending, Head, Restriction};

use crate::reference::Reference;
use crate::{ClientId, Experiment, Setup};

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
        experiment: Box<Experiment>,
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
    /// Asks for a [`Line::Alive`] every second from now on, and for the gateway's lesson files
    /// as they are and whenever they change ([`Lessons`]), if it has any.
    Watch,
    /// Asks what a lesson file says; [`Lessons`] answers.
    Read {
        /// The file's name, without folders.
        name: String,
        /// The file, at most [`MAX_LESSON_SENT`] bytes.
        text: String,
    },
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
    /// Whether more of the same message follows, and small segments wait for it (TCP_CORK).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// From the gateway, and in trace files.
pub type Line = file::Line<Plan>;

/// What stands in a `run` line of what the record means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// What was planned, if anything was: a run of the lab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Experiment>,
    /// Which lesson it is of, if it is of one; lines to the page do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Box<Reference>>,
    /// What is known of the connections, where nothing was planned.
    #[serde(skip_serializing_if = "is_default")]
    pub setup: Setup,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::System;

    fn check_request(request: &Request, json: &str) {
        assert_eq!(serde_json::to_string(request).unwrap(), json);
        assert_eq!(&serde_json::from_str::<Request>(json).unwrap(), request);
    }

    #[test]
    fn requests_as_they_travel() {
        check_request(
            &Request::Send {
                client: ClientId::FIRST,
                sends: vec![Send {
                    gap: Nanos(5),
                    bytes: b"hi".to_vec(),
                    more: false,
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
        check_request(&Request::Watch, r#"{"type":"watch"}"#);
        check_request(
            &Request::Read {
                name: "a.toml".to_owned(),
                text: "[en]\n".to_owned(),
            },
            r#"{"type":"read","name":"a.toml","text":"[en]\n"}"#,
        );
        let run = Request::Run {
            run: 7,
            experiment: Experiment::new(System::UdpEcho, &["x"]).into(),
        };
        let json = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), run);
    }

    #[test]
    fn hostile_requests_are_errors() {
        for json in [
            r#"{"type":"send","client":5,"sends":[]}"#,
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
