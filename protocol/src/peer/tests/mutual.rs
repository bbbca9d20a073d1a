//! The handshake in which both prove themselves, and what peers of different
//! schemes make of each other.

use super::*;
use crate::auth::mutual::{ANSWER_LEN, Nonces, PROOF_LEN, Role};

const NONCES: Nonces = Nonces {
    server: NONCE,
    client: CLIENT_NONCE,
};

fn proof(role: Role) -> [u8; PROOF_LEN] {
    Key::default().proof(role, &NONCES)
}

fn answer() -> Vec<u8> {
    [CLIENT_NONCE, proof(Role::Client)].concat()
}

fn client(rules: &Rules) -> Client {
    let mut client = Client::new(rules, CLIENT_NONCE);
    client.handle_message(b"hi").expect("short");
    client
}

fn sent(client: &mut Client) -> Vec<u8> {
    let outputs = std::iter::from_fn(|| client.poll_output());
    let sends = outputs.filter_map(|output| match output {
        ClientOutput::Send(bytes) => Some(bytes.to_vec()),
        ClientOutput::Reply(_) => None,
    });
    sends.collect::<Vec<_>>().concat()
}

fn copied(bytes: &[u8]) -> ServerOutput {
    ServerOutput::Send(Bytes::copy_from_slice(bytes))
}

#[test]
fn a_server_proves_itself_only_to_who_has_proved_himself() {
    let mut stream = answer();
    stream.extend_from_slice(b"\x03\0\0\0abc");
    for cut in 1..stream.len() {
        let outputs = serve_by(&mutual_rules(), &[&stream[..cut], &stream[cut..]]);
        let expected = [
            copied(&NONCE),
            ServerOutput::Authenticated,
            copied(&proof(Role::Server)),
            message(b"abc"),
            send(b"ABC"),
        ];
        assert_eq!(outputs, expected, "cut at {cut}");
    }
    for wrong in [[0; ANSWER_LEN], [0xff; ANSWER_LEN]] {
        let outputs = serve_by(&mutual_rules(), &[&wrong, b"\x03\0\0\0abc"]);
        let refused = ServerOutput::Refuse(Refusal::WrongProof);
        assert_eq!(outputs, [copied(&NONCE), refused]);
    }
    assert_eq!(Refusal::WrongProof.offset(), Offset(32));
    assert!(Refusal::WrongProof.is_of_the_handshake());
}

#[test]
fn an_answer_that_breaks_off_is_counted() {
    let outputs = serve_by(&mutual_rules(), &[&answer()[..40]]);
    let refusal = Refusal::NoAnswer { have: 40, need: 64 };
    assert_eq!(outputs.last(), Some(&ServerOutput::Refuse(refusal)));
    let mut server = Server::new(&mutual_rules(), NONCE).within(DEADLINES);
    server.handle_chunk(&answer()[..63], Nanos(1));
    server.handle_timeout(Nanos(30));
    let refusal = Refusal::HandshakeTimeout { have: 63, need: 64 };
    let outputs = said(&mut server, Nanos(30));
    assert_eq!(outputs.last(), Some(&ServerOutput::Refuse(refusal)));
}

#[test]
fn a_bad_frame_behind_it_is_counted_from_the_first_byte() {
    let mut stream = answer();
    stream.extend_from_slice(b"\xff\xff\xff\xff");
    let outputs = serve_by(&mutual_rules(), &[&stream]);
    let refusal = Refusal::Frame(FrameError::Negative {
        offset: Offset(64),
        length: -1,
    });
    assert_eq!(outputs.last(), Some(&ServerOutput::Refuse(refusal)));
}

#[test]
fn a_client_sends_no_frame_before_the_server_has_proved_itself() {
    let right = proof(Role::Server);
    let mut client = client(&mutual_rules());
    assert!(!client.can_send());
    assert_eq!(sent(&mut client), b"", "nothing before the challenge");
    client.handle_chunk(&NONCE).unwrap();
    assert_eq!(sent(&mut client), answer());
    client.handle_chunk(&right[..31]).unwrap();
    assert!(!client.can_send());
    assert_eq!(sent(&mut client), b"");
    client.handle_chunk(&right[31..]).unwrap();
    assert_eq!(sent(&mut client), b"\x02\0\0\0hi");
    client.handle_chunk(b"HI").unwrap();
    let reply = ClientOutput::Reply(Bytes::from_static(b"HI"));
    assert_eq!(client.poll_output(), Some(reply));
    assert!(client.is_idle());
    assert_eq!(client.handle_eof(), Ok(()));
}

#[test]
fn a_server_that_can_not_prove_itself_gets_no_frame() {
    let other = Key::new(*b"wan yifej").proof(Role::Server, &NONCES);
    for wrong in [[0; PROOF_LEN], NONCE, proof(Role::Client), other] {
        let mut client = client(&mutual_rules());
        client.handle_chunk(&NONCE).unwrap();
        sent(&mut client);
        assert_eq!(client.handle_chunk(&wrong), Err(ClientError::Impostor));
        assert_eq!(sent(&mut client), b"");
        assert_eq!(client.handle_chunk(&proof(Role::Server)), Ok(()));
        assert_eq!(sent(&mut client), b"", "it is over");
    }
}

#[test]
fn a_server_that_leaves_inside_the_handshake_has_refused() {
    for said in [
        &b""[..],
        &NONCE[..7],
        &NONCE,
        &[&NONCE[..], b"abc"].concat(),
    ] {
        let mut client = client(&mutual_rules());
        client.handle_chunk(said).unwrap();
        assert_eq!(client.handle_eof(), Err(ClientError::Unproven), "{said:?}");
    }
}

/// Passes everything until both are at rest; how each of them ended, where the
/// server closes when it has refused or waited too long.
fn meet(client_rules: &Rules, server_rules: &Rules) -> (Option<Refusal>, Result<(), ClientError>) {
    let mut server = Server::new(server_rules, NONCE).within(DEADLINES);
    let mut client = client(client_rules);
    loop {
        let mut idle = true;
        while let Some(output) = server.poll_output() {
            idle = false;
            match output {
                ServerOutput::Send(bytes) => {
                    if let Err(error) = client.handle_chunk(&bytes) {
                        return (None, Err(error));
                    }
                }
                ServerOutput::Refuse(refusal) => return (Some(refusal), client.handle_eof()),
                ServerOutput::Answered => drop(server.verify(Nanos(0))),
                ServerOutput::Authenticated
                | ServerOutput::Message(_)
                | ServerOutput::Skipped(_) => {}
            }
        }
        while let Some(output) = client.poll_output() {
            idle = false;
            if let ClientOutput::Send(bytes) = output {
                server.handle_chunk(&bytes, Nanos(0));
            }
        }
        if idle {
            if client.is_idle() {
                return (None, client.handle_eof());
            }
            let due = server.poll_timeout().expect("a deadline");
            server.handle_timeout(due);
        }
    }
}

#[test]
fn peers_of_one_scheme_agree_and_of_two_fail_with_a_word_about_it() {
    let (article, mutual) = (rules(System::Auth), mutual_rules());
    assert_eq!(meet(&article, &article), (None, Ok(())));
    assert_eq!(meet(&mutual, &mutual), (None, Ok(())));
    // It reads 16 of the 64 bytes and takes them for an answer.
    let (refusal, ended) = meet(&mutual, &article);
    assert_eq!(refusal, Some(Refusal::WrongAnswer));
    assert_eq!(ended, Err(ClientError::Unproven));
    // It waits for more than the article's answer and the frame behind it.
    let (refusal, ended) = meet(&article, &mutual);
    let need = ANSWER_LEN;
    assert_eq!(refusal, Some(Refusal::HandshakeTimeout { have: 22, need }));
    assert_eq!(ended, Err(ClientError::Rejected));
    for error in [ClientError::Unproven, ClientError::Rejected] {
        let said = error.to_string();
        assert!(said.contains("another scheme"), "{said}");
    }
    let mut other = mutual_rules();
    other.key = Some(Key::new(*b"wan yifej"));
    let (refusal, ended) = meet(&other, &mutual_rules());
    assert_eq!(refusal, Some(Refusal::WrongProof));
    assert_eq!(ended, Err(ClientError::Unproven));
}
