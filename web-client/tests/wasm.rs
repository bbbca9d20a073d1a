//! The browser's half in a real browser: listeners, templates, paint, catalog.
#![cfg(target_arch = "wasm32")]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails where something is missing"
)]

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_client::app::{Message, Setup, State};
use web_client::dom;
use web_client::language::Language;
use web_client::paint::{Painter, Palette};
use web_client::scene::{Align, DrawList, Edge, Font, Ink, Part, Rect, Shape, View};
use web_client::settings::{self, Settings};
use web_client::{catalog, scene};
use web_sys::{CanvasRenderingContext2d, Event, HtmlCanvasElement, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

fn append<T: JsCast>(name: &str) -> T {
    let element = dom::document().create_element(name).unwrap();
    let body = dom::document().body().unwrap();
    body.append_child(&element).unwrap();
    element.dyn_into().ok().unwrap()
}

#[wasm_bindgen_test]
fn a_listener_hears_until_it_is_dropped() {
    let button: HtmlElement = append("button");
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let listener = dom::listen(&button, "click", move |_: Event| {
        count.set(count.get() + 1);
    });
    button.click();
    button.click();
    assert_eq!(heard.get(), 2);
    drop(listener);
    button.click();
    assert_eq!(heard.get(), 2);
    assert_eq!(Rc::strong_count(&heard), 1, "the closure is gone as well");
    button.remove();
}

#[wasm_bindgen_test]
fn elements_are_found_or_named_as_missing() {
    let element: HtmlElement = append("p");
    element.set_id("found-by-test");
    assert!(dom::find::<HtmlElement>("found-by-test").is_ok());
    let missing = dom::find::<HtmlElement>("nowhere").err().unwrap();
    assert_eq!(missing.to_string(), "the page has no #nowhere");
    assert!(dom::find::<HtmlCanvasElement>("found-by-test").is_err());
    dom::set_text(&element, "粘");
    dom::set_bool(&element, "aria-pressed", true);
    dom::set_shown(&element, false);
    assert_eq!(element.text_content().as_deref(), Some("粘"));
    assert_eq!(
        element.get_attribute("aria-pressed").as_deref(),
        Some("true")
    );
    assert!(element.hidden());
    element.remove();
}

/// The colour at a point of the canvas, as red, green, blue, alpha.
fn pixel(canvas: &HtmlCanvasElement, x: f64, y: f64) -> Vec<u8> {
    let ratio = dom::window().device_pixel_ratio().clamp(1.0, 4.0);
    let context = canvas.get_context("2d").unwrap().unwrap();
    let context: CanvasRenderingContext2d = context.dyn_into().unwrap();
    let data = context.get_image_data(x * ratio, y * ratio, 1.0, 1.0);
    data.unwrap().data().to_vec()
}

#[wasm_bindgen_test]
fn a_draw_list_is_painted_with_the_colours_of_the_style_sheet() {
    let canvas: HtmlCanvasElement = append("canvas");
    let style = canvas.style();
    for (name, colour) in [
        ("--ink-accent", "rgb(255, 0, 0)"),
        ("--ink-text", "rgb(0, 0, 255)"),
        ("--hue-2-fill", "light-dark(rgb(0, 255, 0), rgb(0, 255, 0))"),
        ("--ghost-alpha", "0.5"),
    ] {
        style.set_property(name, colour).unwrap();
    }
    let green = Ink::Hue(2, Part::Fill);
    let rect = |x: f64, ink: Ink, ghost: bool| Shape::Rect {
        rect: Rect::new(x, 0.0, 20.0, 20.0),
        fill: Some(ink),
        stroke: Some(ink),
        line: 1.0,
        radius: 3.0,
        dashed: ghost,
        ghost,
    };
    let edge = |y: f64| Edge {
        x0: 60.0,
        x1: 80.0,
        y,
    };
    let list = DrawList {
        width: 120.0,
        height: 40.0,
        shapes: vec![
            rect(0.0, Ink::Accent, false),
            rect(30.0, green, true),
            Shape::Ribbon {
                top: edge(0.0),
                bottom: edge(30.0),
                ink: green,
                ghost: false,
            },
            Shape::Hatch {
                rect: Rect::new(90.0, 0.0, 20.0, 20.0),
                ink: Ink::Text,
                ghost: false,
            },
            Shape::Text {
                x: 2.0,
                y: 30.0,
                text: "粘 e7".to_owned(),
                align: Align::Start,
                font: Font::Mono,
                ink: Ink::Text,
                max_width: 50.0,
                ghost: false,
            },
        ],
        ..DrawList::default()
    };
    let palette = Palette::read(&canvas);
    let mut painter = Painter::new(canvas.clone()).unwrap();
    painter.paint(&list, &palette);
    assert_eq!(pixel(&canvas, 10.0, 10.0), [255, 0, 0, 255]);
    let ghost = pixel(&canvas, 40.0, 10.0);
    assert_eq!(ghost[..3], [0, 255, 0]);
    assert!((100..156).contains(&ghost[3]), "half there: {ghost:?}");
    assert_eq!(pixel(&canvas, 70.0, 25.0), [0, 255, 0, 255]);
    assert_eq!(pixel(&canvas, 115.0, 35.0), [0, 0, 0, 0]);
    assert_eq!(canvas.style().get_property_value("height").unwrap(), "40px");
    assert_eq!(canvas.style().get_property_value("color").unwrap(), "");

    painter.paint(
        &DrawList {
            shapes: Vec::new(),
            ..list
        },
        &palette,
    );
    assert_eq!(pixel(&canvas, 10.0, 10.0), [0, 0, 0, 0], "painted anew");
    canvas.remove();
}

/// How many points of the canvas are painted, and all of them.
fn painted(canvas: &HtmlCanvasElement) -> (usize, Vec<u8>) {
    let context = canvas.get_context("2d").unwrap().unwrap();
    let context: CanvasRenderingContext2d = context.dyn_into().unwrap();
    let (width, height) = (canvas.width().into(), canvas.height().into());
    let data = context.get_image_data(0.0, 0.0, width, height);
    let data = data.unwrap().data().to_vec();
    let alpha = data.iter().skip(3).step_by(4);
    (alpha.filter(|alpha| **alpha > 0).count(), data)
}

#[wasm_bindgen_test]
fn the_queues_areas_lines_and_dots_are_painted() {
    let canvas: HtmlCanvasElement = append("canvas");
    for (name, colour) in [("--ink-accent", "#f00"), ("--ink-text", "#00f")] {
        canvas.style().set_property(name, colour).unwrap();
    }
    let list = DrawList {
        width: 120.0,
        height: 40.0,
        shapes: vec![
            Shape::Area {
                points: vec![(0.0, 20.0), (20.0, 20.0), (20.0, 5.0), (40.0, 5.0)],
                base: 30.0,
                ink: Ink::Accent,
                ghost: false,
            },
            Shape::Line {
                x0: 50.0,
                y0: 10.0,
                x1: 70.0,
                y1: 10.0,
                ink: Ink::Text,
                line: 4.0,
                dashed: false,
                ghost: false,
            },
            Shape::Circle {
                x: 90.0,
                y: 20.0,
                radius: 8.0,
                fill: Ink::Accent,
                stroke: None,
            },
        ],
        ..DrawList::default()
    };
    let palette = Palette::read(&canvas);
    let mut painter = Painter::new(canvas.clone()).unwrap();
    painter.paint(&list, &palette);
    let (red, blue, none) = ([255, 0, 0, 255], [0, 0, 255, 255], [0; 4]);
    for (x, y, colour) in [
        (10.0, 25.0, red),
        (10.0, 10.0, none),
        (30.0, 10.0, red),
        (30.0, 35.0, none),
        (60.0, 10.0, blue),
        (60.0, 20.0, none),
        (90.0, 20.0, red),
        (100.0, 10.0, none),
    ] {
        assert_eq!(pixel(&canvas, x, y), colour, "{x} {y}");
    }
    canvas.remove();
}

/// Two sends, two segments, one recv that found both waiting.
const CAPTURED: &str = r#"{"type":"run","version":2,"run":0,"kernel":"Linux","experiment":{"system":"tcp-echo","clients":[{"messages":["ab","cd"]}]},"capture":"on"}
{"type":"event","at":1000,"actor":"client1","client":1,"call":"send","asked":2,"bytes":"6162","socket":{"unacked":2,"unsent":0}}
{"type":"event","at":2000,"actor":"client1","client":1,"call":"segment","bytes":"6162","header":{"flags":24,"window":65536}}
{"type":"event","at":3000,"actor":"client1","client":1,"call":"send","offset":2,"asked":2,"bytes":"6364","socket":{"unacked":2,"unsent":0}}
{"type":"event","at":4000,"actor":"client1","client":1,"call":"segment","offset":2,"bytes":"6364","header":{"flags":24,"window":65536}}
{"type":"event","at":9000,"actor":"server","client":1,"call":"recv","asked":1024,"bytes":"61626364","socket":{"waiting":4}}
{"type":"ended","events":5,"why":"finished","missed":0}
"#;

#[wasm_bindgen_test]
fn both_views_of_a_captured_run_are_painted() {
    catalog::open(include_str!(concat!(env!("OUT_DIR"), "/content.txt")).to_owned());
    let texts = catalog::texts(Language::default());
    let (mut state, _) = State::open(Setup {
        lessons: catalog::lessons(),
        settings: Settings::default(),
        hash: String::new(),
        reduced_motion: true,
        nonces: trace::Nonces::default,
    });
    state.update(Message::FileRead {
        name: "run.jsonl".to_owned(),
        content: Ok(CAPTURED.as_bytes().to_vec()),
    });
    state.update(Message::Last);
    assert_eq!(state.step(), 5, "{:?}", state.refused_file());
    let canvas: HtmlCanvasElement = append("canvas");
    let palette = Palette::read(&canvas);
    let mut painter = Painter::new(canvas.clone()).unwrap();
    let mut views = Vec::new();
    for view in [View::Bytes, View::Time] {
        state.update(Message::ViewChosen(view));
        let list = scene::stage(
            state.stage_model().as_ref(),
            view,
            state.axis(),
            &texts,
            800.0,
            f64::INFINITY,
        );
        painter.paint(&list, &palette);
        let (points, picture) = painted(&canvas);
        assert!(points > 1_000, "{view:?}: {points} points");
        views.push(picture);
    }
    assert!(views[0] != views[1]);
    canvas.remove();
}

#[wasm_bindgen_test]
fn the_content_is_there_in_every_language() {
    catalog::open(include_str!(concat!(env!("OUT_DIR"), "/content.txt")).to_owned());
    assert!(catalog::lessons().len() >= 12);
    for language in Language::all() {
        let texts = catalog::texts(language);
        for key in catalog::keys().chain(trace::explain::KEYS.iter().copied()) {
            assert!(texts.template(key).is_some(), "{key}");
        }
        for framing in protocol::Framing::NAMES {
            let key = ["stage.framing-", framing].concat();
            assert!(texts.template(&key).is_some(), "{key}");
        }
    }
    let kept = settings::read("language=zh theme=dark done=a", Language::default());
    let written = settings::write(&kept);
    assert_eq!(written, "language=zh theme=dark done=a lab= begun=");
}
