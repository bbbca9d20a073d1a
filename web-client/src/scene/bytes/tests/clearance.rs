//! Labels beside the cursor and the bar of bytes in the kernel, and the hue of a frame that
//! is not whole yet.

use super::*;

/// One byte a send, and a recv of them all.
fn one_by_one() -> Trace {
    let sends = [b"a", b"b", b"c", b"d", b"e", b"f"];
    let mut calls: Vec<(&str, Call, &[u8])> = Vec::new();
    calls.extend(sends.iter().map(|sent| ("c1", Call::Send, &sent[..])));
    calls.push(("s1", Call::Recv, b"abcdef"));
    sample::trace(Experiment::new(System::TcpEcho, &["abcdef"]), &calls)
}

#[test]
fn labels_end_at_the_cursor_or_stand_beside_it() {
    for trace in [one_by_one(), sample::five_sends()] {
        for width in [660.0, 800.0, 1100.0] {
            for step in 1..=trace.events().len() {
                let list = drawn(&trace, step, width);
                let Some(handle) = list.handle else { continue };
                let x = handle.x + handle.width / 2.0;
                for shape in &list.shapes {
                    let Shape::Text { text, .. } = shape else {
                        continue;
                    };
                    let place = shape.text_box().unwrap();
                    let apart = place.bottom() <= handle.y || handle.bottom() <= place.y;
                    let beside = place.right() + 2.0 <= x + 0.01 || x + 1.4 <= place.x;
                    let heads = ["send #", "recv #", "#"];
                    let is_label = heads.iter().any(|head| text.starts_with(head));
                    let fits = !is_label || apart || beside;
                    assert!(fits, "{text:?} at {place:?}, the cursor at {x}");
                }
            }
        }
    }
}

#[test]
fn no_text_lies_over_the_bar_of_bytes_in_the_kernel() {
    let mut bars = 0;
    for trace in [one_by_one(), sample::wired(&sample::five_sends())] {
        for width in [660.0, 800.0, 1100.0] {
            for step in 1..trace.events().len() {
                let list = drawn(&trace, step, width);
                let texts: Vec<_> = list.shapes.iter().filter_map(Shape::text_box).collect();
                for shape in &list.shapes {
                    let Shape::Rect { rect, .. } = shape else {
                        continue;
                    };
                    if (rect.height - 6.0).abs() > 1e-9 {
                        continue;
                    }
                    bars += 1;
                    let over = |text: &&Rect| {
                        text.x < rect.right()
                            && rect.x < text.right()
                            && text.y < rect.bottom()
                            && rect.y < text.bottom()
                    };
                    assert_eq!(texts.iter().find(over), None, "{width}, step {step}");
                }
            }
        }
    }
    assert!(bars > 10, "{bars}");
}

#[test]
fn the_beginning_of_a_frame_has_one_hue_whatever_pieces_it_came_in() {
    let frame = b"\x05\0\0\0he";
    let pieces = frame.iter().map(std::slice::from_ref);
    let calls: Vec<_> = pieces.map(|piece| ("c1", Call::Send, piece)).collect();
    let trace = sample::trace(Experiment::new(System::LengthPrefix, &["hello"]), &calls);
    let analysis = Analysis::new(&trace);
    let lane = &analysis.lanes[0];
    let hues = trace::rows::Hues::new(lane, &trace);
    let all: Vec<_> = (0..6).map(|at| hues.at(Offset(at))).collect();
    assert_eq!(all, [0; 6]);
    // Whole frames that nobody has read yet are told apart by their sends.
    let two: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"\x01\0\0\0a"),
        ("c1", Call::Send, b"\x01\0\0\0b"),
    ];
    let trace = sample::trace(Experiment::new(System::LengthPrefix, &["a", "b"]), two);
    let analysis = Analysis::new(&trace);
    let hues = trace::rows::Hues::new(&analysis.lanes[0], &trace);
    assert_ne!(hues.at(Offset(0)), hues.at(Offset(5)));
}
