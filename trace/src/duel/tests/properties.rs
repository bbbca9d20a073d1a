//! What holds for any messages and any chunks.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::Framing;

use super::texts::rendered;
use crate::duel::{Opponent, Step, Stream, duel};

/// Each message as it is sent; none if the framing cannot carry it.
fn sent(framing: &Framing, messages: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let parts = messages.iter().map(|message| {
        let parts = framing.parts(message).ok()?;
        Some([parts.header, parts.body].concat())
    });
    parts.collect()
}

fn framed() -> impl Strategy<Value = Framing> {
    let all: Vec<_> = Framing::all().into_iter().collect();
    let more = [
        "length-prefix,width=2,endian=big",
        "length-prefix,width=varint",
        "length-prefix,width=decimal",
        "length-prefix,counts-header=true,trailer=2",
        "length-prefix,offset=3,magic=hex:f9be,checksum=crc32",
        r"delimiter,delimiter=\r\n,delimiter=\r",
        "length-prefix,width=2,magic=hex:f9be,offset=2,checksum=xor8,resynchronise=true",
        "length-prefix,width=1,magic=a,offset=1,maximum=20,resynchronise=true",
        r"delimiter,delimiter=\r\n,delimiter=\n,maximum=12,resynchronise=true",
        "cobs,maximum=12,resynchronise=true",
        "marked,maximum=12,resynchronise=true",
        "marked,start=0x7e,end=0x7e,escape=0x7d,escaping=xor",
    ];
    let more = more
        .into_iter()
        .filter_map(|text| crate::framing::parse(text).ok());
    let all: Vec<_> = all
        .into_iter()
        .chain(more)
        .filter(|framing| *framing != Framing::None && !framing.waits_for_ready())
        .collect();
    prop::sample::select(all)
}

/// Words are messages of every framing: JSON too.
fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec("\"[a-z]{1,5}\"".prop_map(String::into_bytes), 1..6)
}

proptest! {
    /// With one chunk a message those that go by chunks are right, by luck.
    #[test]
    fn one_chunk_a_message_is_luck(framing in framed(), messages in words()) {
        let Some(frames) = sent(&framing, &messages) else {
            return Ok(());
        };
        let sizes: Vec<_> = frames.iter().map(Vec::len).collect();
        let bytes = frames.concat();
        let stream = Stream::new(&bytes, sizes);
        for opponent in [
            Opponent::OneRecv,
            Opponent::HeaderWhole,
            Opponent::RestDropped,
            Opponent::BufferCleared,
            Opponent::OnePerRecv,
            Opponent::DelimiterAtEnd,
            Opponent::SplitEachRecv,
        ] {
            if opponent.fits(&framing) {
                let duel = duel(&stream, &framing, opponent);
                prop_assert_eq!(&duel.parting, &None, "{} {:?}", opponent, &framing);
                prop_assert_eq!(duel.agreed, messages.len(), "{} {:?}", opponent, &framing);
            }
        }
    }

    /// Those that go by the length alone are right about valid ASCII in any chunks.
    #[test]
    fn chunks_do_not_matter_to_who_keeps_a_buffer(
        framing in framed(), messages in words(), sizes in vec(1_usize..9, 1..20),
    ) {
        let Some(frames) = sent(&framing, &messages) else {
            return Ok(());
        };
        let bytes = frames.concat();
        let stream = Stream::new(&bytes, sizes);
        for opponent in [
            Opponent::Characters,
            Opponent::Utf16Units,
            Opponent::AllocateFirst,
            Opponent::WaitAll,
        ] {
            if opponent.fits(&framing) {
                let duel = duel(&stream, &framing, opponent);
                prop_assert_eq!(&duel.parting, &None, "{} {:?}", opponent, &framing);
                prop_assert_eq!(duel.agreed, messages.len(), "{} {:?}", opponent, &framing);
            }
        }
    }

    /// No bytes in no chunks make a decoder fail; a parting lies in the stream, and is
    /// explained in both languages.
    #[test]
    fn any_bytes_in_any_chunks(
        framing in framed(),
        bytes in vec(prop_oneof![any::<u8>(), 0_u8..4, Just(b'\n'), Just(b'1')], 0..60),
        sizes in vec(1_usize..12, 1..12),
        pushes in vec(0_usize..60, 0..6),
        is_whole: bool,
    ) {
        let mut pushes = pushes;
        pushes.sort_unstable();
        pushes.dedup();
        let mut stream = Stream::new(&bytes, sizes);
        (stream.pushes, stream.is_whole) = (Some(pushes), is_whole);
        for opponent in Opponent::fitting(&framing) {
            let duel = duel(&stream, &framing, opponent);
            let Some(parting) = duel.parting else {
                continue;
            };
            prop_assert!(parting.at <= bytes.len(), "{} {:?}", opponent, &parting);
            prop_assert!(parting.at <= parting.chunk.range.end, "{} {:?}", opponent, &parting);
            let steps = parting.wrongs.iter().map(|step| match step {
                Step::Message(range) | Step::Dropped(range) => range.clone(),
            });
            let ranges = steps.chain(parting.rights.iter().cloned()).chain(duel.last);
            for range in ranges {
                prop_assert!(range.end <= bytes.len(), "{} {:?}", opponent, range);
            }
            for sentence in parting.sentences() {
                rendered(&sentence);
            }
        }
    }
}
