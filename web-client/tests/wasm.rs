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
use web_client::app::Language;
use web_client::dom;
use web_client::paint::{Painter, Palette};
use web_client::scene::{Align, DrawList, Edge, Font, Ink, Part, Rect, Shape};
use web_client::{catalog, settings};
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
        hits: Vec::new(),
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

#[wasm_bindgen_test]
fn the_content_is_there_in_both_languages() {
    catalog::open(include_str!(concat!(env!("OUT_DIR"), "/content.txt")).to_owned());
    assert!(catalog::lessons().len() >= 12);
    let english = catalog::texts(Language::En);
    let chinese = catalog::texts(Language::Zh);
    for key in catalog::keys() {
        assert!(english.template(key).is_some(), "{key}");
        assert!(chinese.template(key).is_some(), "{key}");
    }
    for key in trace::explain::KEYS {
        assert!(english.template(key).is_some(), "{key}");
    }
    let kept = settings::read("language=zh theme=dark done=a", Language::En);
    assert_eq!(settings::write(&kept), "language=zh theme=dark done=a");
}
