use super::*;
use crate::sample;
use crate::scene::{self, Axis, Edge, Part, Rect, StageModel, View};

fn colours() -> Colours {
    Colours {
        inks: Ink::all().map(|ink| (ink, ink.variable())).collect(),
        ghost_alpha: 0.32,
        ghost_text_alpha: 0.92,
        sans: "system-ui, \"Segoe UI\", sans-serif".to_owned(),
        mono: "monospace".to_owned(),
    }
}

/// What one shape becomes, without what stands around all of them.
fn check(shape: Shape, expected: &str) {
    let list = DrawList {
        width: 100.0,
        height: 20.5,
        shapes: vec![shape],
        ..DrawList::default()
    };
    let file = write(&list, &colours(), "a title");
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"100\" height=\"20.5\" \
        viewBox=\"0 0 100 20.5\" role=\"img\" xml:space=\"preserve\">\n<title>a title</title>\n";
    let inside = file
        .strip_prefix(head)
        .and_then(|f| f.strip_suffix("</svg>\n"));
    assert_eq!(inside, Some(expected), "{file}");
}

fn text(text: &str, ghost: bool) -> Shape {
    Shape::Text {
        x: 1.0,
        y: 10.0,
        text: text.to_owned(),
        align: Align::Start,
        font: Font::Mono,
        ink: Ink::Text,
        max_width: 90.0,
        ghost,
    }
}

#[test]
fn each_shape_has_its_element() {
    let rect = Rect::new(1.0, 2.5, 30.0, 8.0);
    check(
        Shape::Rect {
            rect,
            fill: Some(Ink::Ground),
            stroke: Some(Ink::hue(1, Part::Stroke)),
            line: 1.25,
            radius: 9.0,
            dashed: true,
            ghost: true,
        },
        "<rect x=\"1\" y=\"2.5\" width=\"30\" height=\"8\" rx=\"4\" fill=\"--ink-ground\" \
         fill-opacity=\"0.32\" stroke=\"--hue-1-stroke\" stroke-width=\"1.25\" \
         stroke-dasharray=\"4 3\" stroke-opacity=\"0.32\"/>\n",
    );
    check(
        Shape::Rect {
            rect,
            fill: None,
            stroke: None,
            line: 1.0,
            radius: 0.0,
            dashed: false,
            ghost: true,
        },
        "<rect x=\"1\" y=\"2.5\" width=\"30\" height=\"8\" fill=\"none\"/>\n",
    );
    check(
        Shape::Line {
            x0: -1.0,
            y0: 0.004,
            x1: 2.996,
            y1: 1e30,
            ink: Ink::Faint,
            line: 1.0,
            dashed: false,
            ghost: false,
        },
        "<line x1=\"-1\" y1=\"0\" x2=\"3\" y2=\"92233720368547758.07\" stroke=\"--ink-faint\" \
         stroke-width=\"1\"/>\n",
    );
    let edge = |y: f64| Edge {
        x0: 1.0,
        x1: 2.0,
        y,
    };
    check(
        Shape::Ribbon {
            top: edge(3.0),
            bottom: edge(4.0),
            ink: Ink::Good,
            ghost: true,
        },
        "<polygon points=\"1,3 2,3 2,4 1,4\" fill=\"--ink-good\" fill-opacity=\"0.32\"/>\n",
    );
    let area = |points: &[(f64, f64)]| Shape::Area {
        points: points.to_vec(),
        base: 9.0,
        ink: Ink::Bad,
        ghost: false,
    };
    check(
        area(&[(0.0, 1.0), (5.0, 2.0)]),
        "<polygon points=\"0,1 5,2 5,9 0,9\" fill=\"--ink-bad\"/>\n",
    );
    check(area(&[]), "");
    check(
        Shape::Circle {
            x: 1.0,
            y: 2.0,
            radius: 3.0,
            fill: Ink::Accent,
            stroke: Some(Ink::Ground),
        },
        "<circle cx=\"1\" cy=\"2\" r=\"3\" fill=\"--ink-accent\" stroke=\"--ink-ground\" \
         stroke-width=\"2\"/>\n",
    );
    check(
        Shape::Hatch {
            rect,
            ink: Ink::Muted,
            ghost: false,
        },
        "<pattern id=\"hatch-ink-muted\" width=\"6\" height=\"6\" \
         patternUnits=\"userSpaceOnUse\"><path d=\"M-7 7L1 -1M-1 7L7 -1M5 7L13 -1\" \
         fill=\"none\" stroke=\"--ink-muted\" stroke-width=\"1\"/></pattern>\n\
         <rect x=\"1\" y=\"2.5\" width=\"30\" height=\"8\" fill=\"url(#hatch-ink-muted)\"/>\n",
    );
}

#[test]
fn texts_have_their_font_and_stand_on_their_baseline() {
    check(
        text("hi", true),
        "<text x=\"1\" y=\"14.55\" font-family=\"monospace\" font-size=\"13\" \
         fill=\"--ink-text\" fill-opacity=\"0.92\">hi</text>\n",
    );
    let Shape::Text {
        x, y, max_width, ..
    } = text("", false)
    else {
        panic!("no text");
    };
    check(
        Shape::Text {
            x,
            y,
            text: "send #1".to_owned(),
            align: Align::End,
            font: Font::Strong,
            ink: Ink::Bad,
            max_width,
            ghost: false,
        },
        "<text x=\"1\" y=\"14.55\" font-family=\"system-ui, &quot;Segoe UI&quot;, sans-serif\" \
         font-size=\"13\" font-weight=\"bold\" text-anchor=\"end\" fill=\"--ink-bad\">\
         send #1</text>\n",
    );
}

#[test]
fn what_texts_say_is_no_markup() {
    let expected = "<text x=\"1\" y=\"14.55\" font-family=\"monospace\" font-size=\"13\" \
         fill=\"--ink-text\">&lt;/text&gt;&lt;script&gt;&quot;&amp;amp;'粘  \u{1f4e6}\u{fffd}\u{fffd}\u{fffd}</text>\n";
    check(
        text(
            "</text><script>\"&amp;'粘  \u{1f4e6}\u{0}\u{1b}\u{ffff}",
            false,
        ),
        expected,
    );
    let list = DrawList::default();
    let file = write(&list, &colours(), "]]></title>");
    assert!(
        file.contains("<title>]]&gt;&lt;/title&gt;</title>"),
        "{file}"
    );
}

#[test]
fn a_stage_is_written_whole() {
    let trace = sample::wired(&sample::five_sends());
    let analysis = trace::Analysis::new(&trace);
    let index = scene::Index::new(&trace, &analysis);
    let model = StageModel::new(&trace, &analysis, &index, 7);
    for view in [View::Bytes, View::Time] {
        for axis in [Axis::Time, Axis::Step] {
            let catalog = sample::catalog();
            let list = scene::stage(Some(&model), view, axis, &catalog, 960.0, f64::INFINITY);
            let file = write(&list, &colours(), "five sends");
            let drawn = |element: &str| file.matches(&["<", element, " "].concat()).count();
            let texts = |shape: &&Shape| matches!(shape, Shape::Text { .. });
            assert_eq!(drawn("text"), list.shapes.iter().filter(texts).count());
            let all: usize = ["rect", "line", "polygon", "circle", "text"]
                .map(drawn)
                .iter()
                .sum();
            assert_eq!(all, list.shapes.len());
            assert_eq!(file.matches('<').count(), file.matches('>').count());
        }
    }
}
