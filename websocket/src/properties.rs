//! What holds for all messages, masks and cuts, and for all bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMITS: MessageLimits = MessageLimits {
    message: 100_000,
    frames: 64,
};

/// A message's payload in its frames, a key for each, a ping between them.
#[derive(Clone, Debug)]
struct Sent {
    text: bool,
    parts: Vec<(Vec<u8>, [u8; 4])>,
    ping: Option<Vec<u8>>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let part = (vec(any::<u8>(), 0..300), any::<[u8; 4]>());
    let ping = proptest::option::of(vec(any::<u8>(), 0..=125));
    (any::<bool>(), vec(part, 1..5), ping).prop_map(|(text, mut parts, ping)| {
        for byte in parts.iter_mut().flat_map(|(part, _)| part).filter(|_| text) {
            *byte &= 0x7f;
        }
        Sent { text, parts, ping }
    })
}

/// Masked by the definition: byte i with byte i mod 4 of the key.
fn frame(first: u8, payload: &[u8], key: [u8; 4], wire: &mut Vec<u8>) {
    wire.push(first);
    match payload.len() {
        short @ 0..126 => wire.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            wire.push(0xfe);
            wire.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    wire.extend(key);
    wire.extend(
        payload
            .iter()
            .enumerate()
            .map(|(i, byte)| byte ^ key[i % 4]),
    );
}

fn wire(messages: &[Sent]) -> Vec<u8> {
    let mut wire = Vec::new();
    for Sent { text, parts, ping } in messages {
        for (index, (payload, key)) in parts.iter().enumerate() {
            let opcode = if index > 0 { 0 } else { 2 - u8::from(*text) };
            let fin = if index + 1 == parts.len() { 0x80 } else { 0 };
            frame(fin | opcode, payload, *key, &mut wire);
            if let (0, Some(ping)) = (index, ping) {
                frame(0x89, ping, *key, &mut wire);
            }
        }
    }
    wire
}

/// What came of bytes that arrived in chunks ending at `cuts`.
#[derive(Debug, Default, PartialEq)]
struct Received {
    messages: Vec<(bool, Vec<u8>)>,
    pings: Vec<Vec<u8>>,
}

fn receive(wire: &[u8], cuts: &[usize]) -> Result<Received, Violation> {
    let mut decoder = Decoder::new(LIMITS);
    let mut received = Received::default();
    let (mut begun, mut waiting) = (Vec::new(), Vec::new());
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (wire.len() + 1)).collect();
    cuts.extend([0, wire.len()]);
    cuts.sort_unstable();
    for cut in cuts.windows(2) {
        waiting.extend_from_slice(&wire[cut[0]..cut[1]]);
        loop {
            let (count, item) = decoder.decode(&mut waiting)?;
            assert!(count <= waiting.len());
            match &item {
                Some(Item::Data { payload, text, end }) => {
                    begun.extend_from_slice(&waiting[payload.clone()]);
                    if *end {
                        received.messages.push((*text, std::mem::take(&mut begun)));
                    }
                }
                Some(Item::Ping(payload)) => {
                    received.pings.push(waiting[payload.clone()].to_vec());
                }
                _ => {}
            }
            waiting.drain(..count);
            if item.is_none() {
                break;
            }
        }
        // Nothing but a header or a control frame is ever left.
        assert!(waiting.len() < MAX_HEADER + 125);
    }
    Ok(received)
}

fn expected(messages: &[Sent]) -> Received {
    let whole = |sent: &Sent| {
        let parts = sent.parts.iter().flat_map(|(part, _)| part);
        (sent.text, parts.copied().collect())
    };
    Received {
        messages: messages.iter().map(whole).collect(),
        pings: messages
            .iter()
            .filter_map(|sent| sent.ping.clone())
            .collect(),
    }
}

proptest! {
    #[test]
    fn messages_come_out_wherever_the_stream_is_cut(
        messages in vec(sent(), 0..4),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let received = receive(&wire(&messages), &cuts).unwrap();
        prop_assert_eq!(received, expected(&messages));
    }

    #[test]
    fn every_single_cut_gives_the_same(message in sent()) {
        let wire = wire(std::slice::from_ref(&message));
        let expected = expected(&[message]);
        for cut in 0..=wire.len() {
            prop_assert_eq!(&receive(&wire, &[cut]).unwrap(), &expected);
        }
    }

    #[test]
    fn no_bytes_panic_and_what_is_refused_stays_refused(
        bytes in vec(any::<u8>(), 0..600),
        cuts in vec(any::<usize>(), 0..8),
    ) {
        // A cut changes when something is refused, not what.
        prop_assert_eq!(receive(&bytes, &[]).err(), receive(&bytes, &cuts).err());
    }

    #[test]
    fn a_mask_undoes_itself(bytes in vec(any::<u8>(), 0..300), key: [u8; 4], cut: usize) {
        let cut = cut % (bytes.len() + 1);
        let mut masked = bytes.clone();
        let next = unmask(key, &mut masked[..cut]);
        unmask(next, &mut masked[cut..]);
        let definition = bytes.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]);
        prop_assert!(definition.eq(masked.iter().copied()));
    }

    #[test]
    fn text_is_what_the_standard_library_takes(
        bytes in vec(any::<u8>(), 0..40),
        cuts in vec(any::<usize>(), 0..6),
        good: bool,
        text: String,
    ) {
        let bytes = if good { text.into_bytes() } else { bytes };
        let mut wire = Vec::new();
        let length = bytes.len().min(300);
        frame(0x81, &bytes[..length], [1, 2, 3, 4], &mut wire);
        let taken = receive(&wire, &cuts).is_ok();
        prop_assert_eq!(taken, str::from_utf8(&bytes[..length]).is_ok());
    }
}
