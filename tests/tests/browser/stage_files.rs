//! What is on the stage as a file: the same as what is painted.

use std::path::Path;

use serde_json::{Value, json};
use tests::Page;
use thirtyfour::Key;

/// Clicks a button and returns the file, once the browser has all of it.
async fn save(page: &Page, picture: &str, name: &str) -> Vec<u8> {
    page.click(&format!("[data-picture={picture}]")).await;
    let path = page.browser.downloaded(name);
    let bytes = std::fs::read(&path).expect("a file");
    remove(&path);
    bytes
}

/// The next file of this name gets its name.
fn remove(path: &Path) {
    std::fs::remove_file(path).expect("it is there");
}

/// Compares a picture with what is on the canvas, both at a quarter of their size, so
/// that the edges of glyphs count little: the part of the pixels that differ by more
/// than an eighth of the range in a colour, and the part of those of the canvas that
/// differ so much from the ground.
const COMPARE: &str = "
    const compare = async image => {
        const canvas = document.getElementById('canvas');
        const [width, height] = [canvas.width, canvas.height].map(side => Math.round(side / 4));
        const pixels = draw => {
            // Drawn small, a vector image would not be what it is in full size.
            const full = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height});
            full.getContext('2d').drawImage(draw, 0, 0, full.width, full.height);
            const copy = Object.assign(document.createElement('canvas'), {width, height});
            const context = copy.getContext('2d', {willReadFrequently: true});
            context.fillStyle = getComputedStyle(document.getElementById('stage')).backgroundColor;
            context.fillRect(0, 0, width, height);
            const ground = [...context.getImageData(0, 0, 1, 1).data];
            context.imageSmoothingQuality = 'high';
            context.drawImage(full, 0, 0, width, height);
            return [context.getImageData(0, 0, width, height).data, ground];
        };
        const [[seen, ground], [saved]] = [pixels(canvas), pixels(image)];
        let different = 0, drawn = 0;
        for (let at = 0; at < seen.length; at += 4) {
            const far = (a, b) => [0, 1, 2].some(n => Math.abs(a[at + n] - b(n)) > 32);
            different += far(seen, n => saved[at + n]);
            drawn += far(seen, n => ground[n]);
        }
        return [4 * different / seen.length, 4 * drawn / seen.length];
    };
";

async fn compare(page: &Page, image: &str) -> (f64, f64) {
    let script = format!("return (async () => {{ {COMPARE} return compare(await {image}); }})()");
    let parts = page.script(&script).await;
    let part = |at: usize| parts[at].as_f64().expect("a part");
    (part(0), part(1))
}

/// What an SVG file says, read as XML: its title and texts.
async fn texts(page: &Page, file: &str) -> Value {
    let script = format!(
        "const file = new DOMParser().parseFromString({}, 'image/svg+xml');
         const texts = name => [...file.querySelectorAll(name)].map(e => e.textContent);
         return [texts('parsererror'), texts('title'), texts('text'),
             file.documentElement.getAttribute('width')];",
        json!(file)
    );
    page.script(&script).await
}

#[tokio::test]
async fn the_stage_is_saved_as_it_is_painted_in_both_views_and_themes() {
    let serve = super::serve();
    let page = Page::start().await;
    let lesson = "length-prefix";
    page.open_lesson(&serve, lesson).await;
    page.press_with_shift(Key::Right).await;
    page.until_step(10).await;
    let mut files = Vec::new();
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        for view in ["bytes", "time"] {
            page.click(&format!("[data-view={view}]")).await;
            // What is hovered is part of the picture.
            page.script("document.activeElement.blur()").await;
            let seen = page.see().await;
            let svg = save(&page, "svg", &format!("stickylab-{lesson}-{view}.svg")).await;
            let svg = String::from_utf8(svg).expect("UTF-8");
            let said = texts(&page, &svg).await;
            assert_eq!(said[0], json!([]), "it is XML");
            let title = said[1][0].as_str().expect("a title");
            assert!(title.starts_with(seen.text("title")), "{title}");
            // The view that was asked for is painted with the next frame.
            let is_painted = |seen: &tests::Seen| {
                let painted: Vec<_> = seen.text("stage").lines().collect();
                painted.len() > 10 && said[2] == json!(painted)
            };
            page.until("the stage as it was saved", is_painted).await;
            let width = page
                .script("return document.getElementById('canvas').width")
                .await;
            assert_eq!(said[3], json!(width.to_string()));
            let image = format!(
                "(async () => {{
                    const image = new Image();
                    image.src = 'data:image/svg+xml,' + encodeURIComponent({});
                    await image.decode();
                    return image;
                }})()",
                json!(svg)
            );
            let (different, drawn) = compare(&page, &image).await;
            println!("{theme} {view} SVG: {different:.4} of {drawn:.4}");
            assert!(drawn > 0.01, "{theme} {view}: {drawn}");
            assert!(
                different < 0.25 * drawn,
                "{theme} {view}: {different} of {drawn}"
            );

            let png = save(&page, "png", &format!("stickylab-{lesson}-{view}.png")).await;
            assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
            // Its header's first field (PNG, 11.2.2).
            let saved = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
            assert_eq!(u64::from(saved), 2 * width.as_u64().expect("a width"));
            let image = format!("createImageBitmap(new Blob([new Uint8Array({png:?})]))");
            let (different, drawn) = compare(&page, &image).await;
            println!("{theme} {view} PNG: {different:.4} of {drawn:.4}");
            assert!(
                different < 0.25 * drawn,
                "{theme} {view}: {different} of {drawn}"
            );
            files.push(svg);
        }
    }
    for (at, file) in files.iter().enumerate() {
        assert!(!files[..at].contains(file), "each is another picture");
    }
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
