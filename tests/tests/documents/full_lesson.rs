//! A lesson in which each key has a value.

use protocol::auth::Scheme;
use protocol::framing::{
    Byte, Checksum, Covers, Delimiter, Endian, LengthPrefix, Mark, Marks, Width,
};
use protocol::{Framing, System};
use serde_json::json;
use trace::duel::Opponent;
use trace::knob::Knob;
use trace::lesson::{Count, Group, Misconception, Predict, Shows, Words};
use trace::{Answer, Client, Experiment, IpVersion, Leaving, LengthUnit, Lesson, Message};

/// Each framing with every setting that it can have.
pub(super) fn framings() -> impl Iterator<Item = Framing> {
    Framing::all().into_iter().map(|mut framing| {
        match &mut framing {
            Framing::LengthPrefix(prefix) => {
                *prefix = LengthPrefix {
                    offset: 4,
                    width: Width::Bytes(3),
                    endian: Endian::Big,
                    signed: false,
                    counts_header: true,
                    adjustment: 5,
                    strip: Some(7),
                    separator: "|".into(),
                    magic: "ab".into(),
                    trailer: 6,
                    checksum: Checksum::Crc32,
                    covers: Covers::Frame,
                    checksum_endian: Some(Endian::Little),
                    resynchronise: true,
                    maximum: 9,
                }
            }
            Framing::Delimiter(delimiter) => {
                *delimiter = Delimiter {
                    delimiter: Marks::new(["\r\n", "\n"].map(Mark::from)),
                    keep: true,
                    escape: Some(Byte(1)),
                    resynchronise: true,
                    maximum: 9,
                }
            }
            Framing::Marked(marked) => {
                marked.start = Some(Byte(2));
                marked.resynchronise = true;
            }
            Framing::Cobs(cobs) => cobs.resynchronise = true,
            // The others write all they have.
            _ => {}
        }
        framing
    })
}

/// A lesson with every key. No field is left to a default: a new one has to be
/// named here, and is then looked for in the page.
pub(super) fn full(framing: Framing) -> Lesson {
    let words = Words {
        title: "t".to_owned(),
        question: "q".to_owned(),
        look: "l".to_owned(),
    };
    Lesson {
        id: "full".to_owned(),
        group: Group::Streams,
        order: 1,
        knobs: vec![Knob::Gap],
        predict: Some(Predict {
            count: Count::ServerRecvs,
            choices: vec![1],
        }),
        duel: Some(Opponent::Psh),
        shows: vec![Shows {
            misconception: Misconception::ByteOrder,
            count: Count::Refusals,
            least: 1,
            most: Some(1),
        }],
        words: serde_json::from_value(json!({ "en": words, "zh": words })).expect("tags"),
        experiment: Experiment {
            system: System::TcpEcho,
            framing: Some(framing),
            echo: Some(true),
            buffer: 1,
            recv_sizes: vec![1],
            close_after: 1,
            reply_piece: 1,
            reply_delay_ms: 1,
            server_nagle: true,
            server_cork: true,
            replies_together: true,
            server_send_buffer: 1,
            server_absent: true,
            read_delay_ms: 1,
            receive_buffer: 1,
            max_frame: 1,
            backlog: 1,
            serial: Some(true),
            deadline_ms: 1,
            max_per_source: 1,
            busy: 1,
            key: "k".to_owned(),
            scheme: Scheme::MutualSha256,
            ip: IpVersion::V6,
            link: "rtt=40ms".parse().ok().map(Box::new),
            clients: vec![Client {
                messages: vec![Message("m".to_owned())],
                start_ms: 1,
                gap_us: 1,
                hold_ms: 1,
                nagle: true,
                send_buffer: 1,
                cork: true,
                buffer: 1,
                read_delay_ms: 1,
                connected: true,
                keep_alive_s: 1,
                keep_alive_interval_s: 1,
                keep_alive_probes: 1,
                length_unit: LengthUnit::Characters,
                connections: 2,
                piece: 1,
                framing: Some(Framing::None),
                cut: 1,
                ending: Leaving::Reset,
                writes_on: true,
                turns: true,
                key: "k".to_owned(),
                answer: Answer::Reflected,
            }],
        },
    }
}
