//! Sends into full buffers: when each was, and how the wire carried them.

use super::wire::check_captured;
use super::*;

/// Small buffers and a slow reader: sends that wait, and packets larger than
/// a segment.
fn short_sends() -> Run {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.echo = Some(false);
    experiment.buffer = 65_536;
    experiment.read_delay_ms = 10;
    experiment.receive_buffer = 16_384;
    experiment.clients[0].send_buffer = 16_384;
    let message = vec![b'x'; 200_000];
    run(experiment, &[&message], Duration::ZERO)
}

#[test]
fn an_actors_handing_calls_never_overlap() {
    let run = short_sends();
    assert_eq!(run.why, Ending::Finished);
    let hands = |event: &&Event| {
        let call = event.call;
        matches!(
            call,
            Call::Connect | Call::Send | Call::Shutdown | Call::Close
        )
    };
    let calls = run
        .events
        .iter()
        .filter(|e| e.party == ClientId::FIRST.party());
    let calls: Vec<_> = calls.filter(hands).collect();
    assert!(calls.len() > 5, "{}", calls.len());
    // Some of them had to wait for room.
    let sends = calls.iter().filter(|event| event.call == Call::Send);
    assert!(sends.clone().any(|send| send.len() < send.asked as usize));
    for two in calls.windows(2) {
        let end = two[0].at + two[0].took;
        assert!(end <= two[1].at, "{end:?} > {:?}", two[1].at);
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn packets_cut_by_their_gso_are_the_segments_the_kernel_counted() {
    let run = short_sends();
    check_captured(&run);
    assert_eq!(run.missed, Some(0));
    let packets = run.calls(ClientId::FIRST.party(), Call::Segment);
    let packets: Vec<_> = packets.filter(|packet| !packet.is_empty()).collect();
    let segments = packets.iter().map(|packet| {
        let gso = packet.header.as_ref().and_then(|header| header.gso);
        gso.map_or(1, |gso| packet.len().div_ceil(gso.into()))
    });
    let close = run
        .calls(ClientId::FIRST.party(), Call::Close)
        .next()
        .unwrap();
    let counted = close.socket.counts.unwrap().data_out as usize;
    assert_eq!(segments.sum::<usize>(), counted, "{}", packets.len());
    assert!(packets.len() < counted, "some are larger than a segment");
}
