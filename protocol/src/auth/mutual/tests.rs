//! The proofs against vectors, and the handshake against whoever does not
//! know the key.

use super::*;

const KEY: &[u8] = b"wan yifei";
const NS: [u8; NONCE_LEN] = [0x51; NONCE_LEN];
const NC: [u8; NONCE_LEN] = [0xc2; NONCE_LEN];
const NONCES: Nonces = Nonces {
    server: NS,
    client: NC,
};

fn key() -> Key {
    Key::new(KEY)
}

/// RFC 4231, sections 4.2 to 4.8; 4.6 is cut to 128 bits there.
#[test]
fn rfc_4231_vectors() {
    let counting: Vec<u8> = (0x01..=0x19).collect();
    let long: &[u8] = b"This is a test using a larger than block-size key and a larger than \
        block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
    let vectors: [(Vec<u8>, &[u8], &str); 7] = [
        (
            vec![0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe".to_vec(),
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            vec![0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            counting,
            &[0xcd; 50],
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            vec![0x0c; 20],
            b"Test With Truncation",
            "a3b6167473100ee06e0c796c2955552b",
        ),
        (
            vec![0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            vec![0xaa; 131],
            long,
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, data, expected) in vectors {
        let fields = [&data[..2], &data[2..3], &data[3..]];
        let mac = Key::new(key).hmac_sha256(fields).finalize().into_bytes();
        assert!(format!("{mac:x}").starts_with(expected), "{expected}");
    }
}

/// Python's hmac over the bytes as the module draws them.
#[test]
fn the_proofs_are_these_bytes() {
    let hex = |role| {
        let proof = key().proof(role, &NONCES);
        proof
            .iter()
            .fold(String::new(), |all, byte| all + &format!("{byte:02x}"))
    };
    assert_eq!(
        hex(Role::Client),
        "21cddd53e8fb7cdd6653c959e9c80e0b298a7217116f11cef0eb9b49de86a1c8"
    );
    assert_eq!(
        hex(Role::Server),
        "49bd19e395fce8d1bede34a2791c3dcc32b16a8466ec147692945e54aeee433a"
    );
}

/// What a server with the challenge [`NS`] makes of the client's 64 bytes, cut
/// in two: its proof, or nothing.
fn serve(answer: &[u8], cut: usize) -> Option<[u8; PROOF_LEN]> {
    let (challenge, stage) = server::Challenge::new(key(), NS).send();
    assert_eq!(challenge, NS);
    let Step::NeedMore(stage) = stage.handle_chunk(&answer[..cut]) else {
        panic!("{cut} bytes are no proof yet");
    };
    assert_eq!(stage.have(), cut);
    match stage.handle_chunk(&answer[cut..]) {
        Step::Done { next, used } => {
            assert_eq!(used, ANSWER_LEN - cut, "what follows is left");
            match next.verify() {
                server::Verdict::Accepted(accepted) => Some(accepted.send()),
                server::Verdict::Rejected(_) => None,
            }
        }
        Step::NeedMore(_) => panic!("64 bytes are a proof"),
    }
}

fn client_awaiting(key: Key, challenge: [u8; NONCE_LEN]) -> ([u8; ANSWER_LEN], client::Proof) {
    match client::Challenge::new(key, NC).handle_chunk(&challenge) {
        Step::Done { next, used } => {
            assert_eq!(used, NONCE_LEN);
            next.send()
        }
        Step::NeedMore(_) => panic!("32 bytes are a challenge"),
    }
}

/// Whether a client that got the challenge [`NS`] takes `proof`.
fn believes(proof: &[u8; PROOF_LEN]) -> bool {
    let (_, stage) = client_awaiting(key(), NS);
    matches!(
        stage.handle_chunk(proof),
        Step::Done {
            next: client::Verdict::Accepted(_),
            ..
        }
    )
}

fn answer_with(nonce: [u8; NONCE_LEN], proof: [u8; PROOF_LEN]) -> Vec<u8> {
    [nonce, proof].concat()
}

#[test]
fn both_prove_however_the_bytes_are_cut() {
    let (answer, _) = client_awaiting(key(), NS);
    let mut stream = answer.to_vec();
    stream.extend_from_slice(b"\x01\0\0\0a");
    let proof = serve(&stream, 0).expect("the right proof");
    for cut in 0..ANSWER_LEN {
        assert_eq!(serve(&stream, cut), Some(proof), "cut at {cut}");
    }
    for cut in 0..NONCE_LEN {
        let stage = client::Challenge::new(key(), NC);
        let Step::NeedMore(stage) = stage.handle_chunk(&NS[..cut]) else {
            panic!("{cut} bytes are no challenge yet");
        };
        let Step::Done { next, .. } = stage.handle_chunk(&NS[cut..]) else {
            panic!("32 bytes are a challenge");
        };
        let (cut_answer, stage) = next.send();
        assert_eq!(cut_answer, answer, "cut at {cut}");
        let Step::NeedMore(stage) = stage.handle_chunk(&proof[..cut]) else {
            panic!("{cut} bytes are no proof yet");
        };
        let reply = [&proof[cut..], b"HELLO"].concat();
        let Step::Done { next, used } = stage.handle_chunk(&reply) else {
            panic!("32 bytes are a proof");
        };
        assert_eq!(next, client::Verdict::Accepted(client::Accepted));
        assert_eq!(cut + used, PROOF_LEN, "what follows is left");
    }
}

#[test]
fn any_bit_wrong_is_refused_by_either_side() {
    let (answer, _) = client_awaiting(key(), NS);
    for bit in 0..8 * ANSWER_LEN {
        let mut answer = answer;
        answer[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(serve(&answer, 0), None, "bit {bit} of the client's");
    }
    let proof = serve(&answer, 0).expect("the right proof");
    assert!(believes(&proof));
    for bit in 0..8 * PROOF_LEN {
        let mut proof = proof;
        proof[bit / 8] ^= 1 << (bit % 8);
        assert!(!believes(&proof), "bit {bit} of the server's");
    }
}

#[test]
fn another_key_and_no_key_at_all_are_refused() {
    let (other, _) = client_awaiting(Key::new(*b"wan yifej"), NS);
    assert_eq!(serve(&other, 0), None);
    for byte in [0, 0xff] {
        assert_eq!(serve(&[byte; ANSWER_LEN], 0), None);
        assert_eq!(serve(&answer_with(NC, [byte; PROOF_LEN]), 0), None);
        assert!(!believes(&[byte; PROOF_LEN]));
    }
    assert_eq!(serve(&client_awaiting(Key::new([]), NS).0, 0), None);
}

#[test]
fn a_recorded_proof_is_worth_nothing_on_another_connection() {
    let (recorded, _) = client_awaiting(key(), [0x52; NONCE_LEN]);
    assert_eq!(serve(&recorded, 0), None);
    // The recorded proof of a server, to a client with a nonce of its own.
    let earlier = Nonces {
        server: NS,
        client: [0xc3; NONCE_LEN],
    };
    assert!(!believes(&key().proof(Role::Server, &earlier)));
}

#[test]
fn what_a_server_says_can_not_be_reflected_to_it() {
    assert_eq!(serve(&answer_with(NS, NS), 0), None, "its nonce twice");
    // Even if a server had proved itself over equal nonces.
    let equal = Nonces {
        server: NS,
        client: NS,
    };
    let proof = key().proof(Role::Server, &equal);
    assert_eq!(serve(&answer_with(NS, proof), 0), None);
    // Its proof of another connection to the same server.
    let proof = key().proof(Role::Server, &NONCES);
    for nonce in [NS, NC] {
        assert_eq!(serve(&answer_with(nonce, proof), 0), None);
    }
}

#[test]
fn what_a_client_says_can_not_be_reflected_to_it() {
    let (answer, _) = client_awaiting(key(), NS);
    let (nonce, proof) = halves(&answer);
    assert!(!believes(&proof), "its own proof");
    assert!(!believes(&nonce), "its own nonce");
    // The challenge was the client's own nonce: both are equal.
    let (answer, stage) = client_awaiting(key(), NC);
    let Step::Done { next, .. } = stage.handle_chunk(&halves(&answer).1) else {
        panic!("32 bytes are a proof");
    };
    assert_eq!(next, client::Verdict::Rejected(client::Rejected));
}

#[test]
fn swapped_nonces_and_swapped_roles_are_other_proofs() {
    let swapped = Nonces {
        server: NC,
        client: NS,
    };
    let proofs = [
        key().proof(Role::Client, &NONCES),
        key().proof(Role::Server, &NONCES),
        key().proof(Role::Client, &swapped),
        key().proof(Role::Server, &swapped),
    ];
    for (index, proof) in proofs.iter().enumerate() {
        assert_eq!(serve(&answer_with(NC, *proof), 0).is_some(), index == 0);
        assert_eq!(believes(proof), index == 1);
    }
}

/// Two connections to one server; the attacker moves bytes from one to the
/// other and knows no key.
#[test]
fn relaying_between_two_connections_of_a_server_opens_neither() {
    let (honest, _) = client_awaiting(key(), NS);
    let (other_challenge, other) = server::Challenge::new(key(), [0x99; NONCE_LEN]).send();
    let Step::Done { next, .. } = other.handle_chunk(&honest) else {
        panic!("64 bytes are a proof");
    };
    assert_eq!(next.verify(), server::Verdict::Rejected(server::Rejected));
    // A challenge passed on as the attacker's own nonce, with the other
    // connection's proof.
    let proof = serve(&honest, 0).expect("the right proof");
    assert_eq!(serve(&answer_with(other_challenge, proof), 0), None);
}

/// It is said in the module's docs: nothing binds the proof to a connection.
#[test]
fn a_relay_to_the_real_server_passes_as_documented() {
    let (through_the_middle, stage) = client_awaiting(key(), NS);
    let proof = serve(&through_the_middle, 0).expect("the right proof");
    assert!(matches!(
        stage.handle_chunk(&proof),
        Step::Done {
            next: client::Verdict::Accepted(_),
            ..
        }
    ));
}
