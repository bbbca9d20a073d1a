//! The lines of a record: those of a file, which `--json` writes as well, and
//! of a gateway's session. One JSON object each.
//!
//! A `run` line begins, parties, connections and events follow, an `ended` line
//! is the last. What was planned, or is known otherwise of what the facts mean,
//! stands in the `run` line beside the [`Head`]; it is the crate `trace`'s
//! matter, and [`Run`] takes any type for it.

mod earlier;
mod error;
mod read;
mod rules;

use serde::{Deserialize, Serialize};

pub use error::RecordError;
pub use read::Reader;
pub use rules::Rules;

use crate::{Connection, Ended, Event, Head, Party};

/// Version of the lines; a reader refuses a newer one. Version 1 had no
/// packets, version 2 no decisions, version 3 no run that waited or whose page
/// took nothing; version 4 knew an experiment's server and clients only.
pub const VERSION: u32 = 5;

/// The largest offset a file may hold: no run comes near it, and sums of
/// offsets and lengths stay far from the end of 64 bits.
pub const MAX_OFFSET: u64 = 1 << 48;

/// A line; `P` is what stands of a plan in the `run` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<P> {
    /// First in every session of a gateway; part of no file.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// The program's own version.
        program: String,
        /// Kernel name and release, such as `Linux 6.18`.
        kernel: String,
        /// Whether the session shows one record and runs nothing: its `run` line comes
        /// without having been asked for.
        record: bool,
        /// Whether that record was not complete when the session began.
        grows: bool,
    },
    /// A run waits until others have ended; said again whenever its place
    /// changes. Part of no file.
    Queued {
        /// The request's number.
        run: u32,
        /// Its place among those that wait; 1 is the next to start.
        place: u32,
    },
    /// Nothing but that the gateway is there. Part of no file.
    Alive,
    /// A record begins. First line of a file.
    Run(Run<P>),
    /// A party whose events may follow.
    Party(Party),
    /// A connection that events may follow of.
    Connection(Connection),
    /// A call returned, or a packet was captured. Lines of different programs
    /// may come out of order by as much as the programs ran in parallel: sort
    /// by time.
    Event(Event),
    /// The record is complete. Last line of a file.
    Ended(Ended),
    /// A request could not be followed; the session goes on. Part of no file.
    Error {
        /// What was wrong, in English.
        message: String,
    },
}

/// The line that begins a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run<P> {
    /// [`VERSION`].
    pub version: u32,
    /// The request's number; 0 outside a session.
    pub run: u32,
    /// What records, where and when.
    pub head: Head,
    /// What was planned, if anything was: fields beside those of the head.
    pub plan: P,
}

impl<P: for<'de> Deserialize<'de>> Line<P> {
    /// Reads a line from its JSON object. Fields it does not know are ignored.
    ///
    /// First the type, then the fields of its parts: `serde`'s own way to tag a
    /// type inside its object costs the page 30 KB of code.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let tag: Tag = serde_json::from_str(json)?;
        Ok(match tag.r#type {
            Type::Hello => {
                let hello: Hello = serde_json::from_str(json)?;
                Self::Hello {
                    version: hello.version,
                    program: hello.program,
                    kernel: hello.kernel,
                    record: hello.record,
                    grows: hello.grows,
                }
            }
            Type::Queued => {
                let queued: Queued = serde_json::from_str(json)?;
                Self::Queued {
                    run: queued.run,
                    place: queued.place,
                }
            }
            Type::Alive => Self::Alive,
            Type::Run => {
                let numbers: Numbers = serde_json::from_str(json)?;
                Self::Run(Run {
                    version: numbers.version,
                    run: numbers.run,
                    head: serde_json::from_str(json)?,
                    plan: serde_json::from_str(json)?,
                })
            }
            Type::Party => Self::Party(serde_json::from_str(json)?),
            Type::Connection => Self::Connection(serde_json::from_str(json)?),
            Type::Event => Self::Event(serde_json::from_str(json)?),
            Type::Ended => Self::Ended(serde_json::from_str(json)?),
            Type::Error => {
                let error: Complaint = serde_json::from_str(json)?;
                Self::Error {
                    message: error.message,
                }
            }
        })
    }
}

impl<P: Serialize> Line<P> {
    /// Writes it as its JSON object, what [`parse`](Self::parse) reads.
    pub fn to_json(&self) -> String {
        match self {
            Self::Hello {
                version,
                program,
                kernel,
                record,
                grows,
            } => {
                let (version, program, kernel) = (*version, program.clone(), kernel.clone());
                object(
                    "hello",
                    &[part(&Hello {
                        version,
                        program,
                        kernel,
                        record: *record,
                        grows: *grows,
                    })],
                )
            }
            Self::Queued { run, place } => {
                let (run, place) = (*run, *place);
                object("queued", &[part(&Queued { run, place })])
            }
            Self::Alive => object("alive", &[]),
            Self::Run(Run {
                version,
                run,
                head,
                plan,
            }) => {
                let (version, run) = (*version, *run);
                let numbers = part(&Numbers { version, run });
                object("run", &[numbers, part(head), part(plan)])
            }
            Self::Party(party) => object("party", &[part(party)]),
            Self::Connection(connection) => object("connection", &[part(connection)]),
            Self::Event(event) => object("event", &[part(event)]),
            Self::Ended(ended) => object("ended", &[part(ended)]),
            Self::Error { message } => {
                let message = message.clone();
                object("error", &[part(&Complaint { message })])
            }
        }
    }
}

/// The JSON object of this type with the fields of these objects.
fn object(name: &str, parts: &[String]) -> String {
    let mut json = ["{\"type\":\"", name, "\""].concat();
    for part in parts {
        let fields = part
            .get(1..part.len().saturating_sub(1))
            .unwrap_or_default();
        if !fields.is_empty() {
            json.push(',');
            json.push_str(fields);
        }
    }
    json.push('}');
    json
}

/// A part's own JSON object. One with names for keys can always be written.
fn part(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object with a \"type\"")]
struct Tag {
    r#type: Type,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Type {
    Hello,
    Queued,
    Alive,
    Run,
    Party,
    Connection,
    Event,
    Ended,
    Error,
}

#[derive(Serialize, Deserialize)]
struct Hello {
    version: u32,
    program: String,
    kernel: String,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    record: bool,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    grows: bool,
}

#[derive(Serialize, Deserialize)]
struct Queued {
    run: u32,
    place: u32,
}

#[derive(Serialize, Deserialize)]
struct Numbers {
    version: u32,
    #[serde(default)]
    run: u32,
}

#[derive(Serialize, Deserialize)]
struct Complaint {
    message: String,
}

#[cfg(test)]
mod tests;
