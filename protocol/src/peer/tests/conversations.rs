//! Whatever is said, in whatever chunks.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Passes bytes between the machines in chunks of at most `size`, until both
/// are at rest; returns the server's messages and the client's replies.
fn converse(rules: &Rules, messages: &[Vec<u8>], size: usize) -> (Vec<Bytes>, Vec<Bytes>) {
    let mut server = Server::new(rules, NONCE);
    let mut client = Client::new(rules, CLIENT_NONCE);
    for message in messages {
        client.handle_message(message).expect("within the maximum");
    }
    let (mut received, mut replies) = (Vec::new(), Vec::new());
    let mut now = Nanos(0);
    loop {
        let mut idle = true;
        while let Some(output) = server.poll_output() {
            idle = false;
            match output {
                ServerOutput::Send(bytes) => {
                    for chunk in bytes.chunks(size) {
                        client.handle_chunk(chunk).expect("an honest server");
                    }
                }
                ServerOutput::Message(body) => received.push(body),
                ServerOutput::Answered => assert!(server.verify(now)),
                ServerOutput::Authenticated => {}
                ServerOutput::Skipped(error) => panic!("skipped an honest client's: {error}"),
                ServerOutput::Refuse(refusal) => panic!("refused an honest client: {refusal}"),
            }
        }
        while let Some(output) = client.poll_output() {
            idle = false;
            match output {
                ClientOutput::Send(bytes) => {
                    for chunk in bytes.chunks(size) {
                        server.handle_chunk(chunk, now);
                    }
                }
                ClientOutput::Reply(reply) => replies.push(reply),
            }
        }
        if let Some(at) = server.poll_timeout() {
            idle = false;
            now = at;
            server.handle_timeout(now);
        }
        if idle {
            break;
        }
    }
    assert!(client.is_idle());
    // The article's handshake never says yes.
    let says_nothing = rules.key.is_some() && rules.scheme == Scheme::HmacMd5;
    assert_eq!(
        client.handle_eof().is_err(),
        says_nothing && replies.is_empty()
    );
    server.handle_eof();
    assert_eq!(server.poll_output(), None, "nothing was truncated");
    (received, replies)
}

proptest! {
    #[test]
    fn what_a_client_sends_is_what_its_server_gets(
        messages in vec(vec(any::<u8>(), 1..40), 0..6),
        size in 1_usize..50,
    ) {
        let framed = all_rules().filter(|rules| rules.framing != Framing::None);
        for rules in framed {
            let (received, replies) = converse(&rules, &messages, size);
            prop_assert_eq!(&received, &messages);
            match rules.reply {
                Reply::Uppercase => {
                    let upper: Vec<_> = messages.iter().map(|m| m.to_ascii_uppercase()).collect();
                    prop_assert_eq!(&replies, &upper);
                }
                Reply::Framed => prop_assert_eq!(&replies, &messages),
                Reply::None => prop_assert!(replies.is_empty()),
            }
        }
    }

    #[test]
    fn an_echo_client_gets_its_bytes_back_though_not_its_boundaries(
        messages in vec(vec(any::<u8>(), 1..40), 0..6),
        size in 1_usize..50,
    ) {
        let (received, replies) = converse(&rules(System::TcpEcho), &messages, size);
        prop_assert_eq!(received.concat(), messages.concat());
        prop_assert_eq!(replies.len(), messages.len());
    }

    #[test]
    fn no_bytes_make_a_server_panic(
        chunks in vec(vec(any::<u8>(), 1..40), 0..8),
    ) {
        for rules in all_rules() {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let outputs = serve_by(&rules, &chunks);
            let refusals =
                outputs.iter().filter(|o| matches!(o, ServerOutput::Refuse(_))).count();
            prop_assert!(refusals <= 1);
        }
    }

    #[test]
    fn no_bytes_make_a_client_panic(
        chunks in vec(vec(any::<u8>(), 1..40), 0..8),
    ) {
        for rules in all_rules() {
            let mut client = Client::new(&rules, CLIENT_NONCE);
            client.handle_message(b"hello").expect("short");
            for chunk in &chunks {
                let _ = client.handle_chunk(chunk);
            }
            let _ = client.handle_eof();
        }
    }
}
