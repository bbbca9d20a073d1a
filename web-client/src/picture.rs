//! Pictures of the stage as files: which formats, on which ground, how large. Pure.

use crate::scene::{DrawList, Ink, Rect, Shape};

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Shapes and texts, at any size.
    Svg,
    /// Pixels.
    Png,
}

impl Picture {
    /// What its files' names end in.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Svg => ".svg",
            Self::Png => ".png",
        }
    }
}

/// The list over the ground that the page has behind its canvas.
pub fn on_ground(list: &DrawList) -> DrawList {
    let ground = Shape::Rect {
        rect: Rect::new(0.0, 0.0, list.width, list.height),
        fill: Some(Ink::Ground),
        stroke: None,
        line: 0.0,
        radius: 0.0,
        dashed: false,
        ghost: false,
    };
    DrawList {
        shapes: std::iter::once(ground)
            .chain(list.shapes.iter().cloned())
            .collect(),
        ..list.clone()
    }
}

/// Pixels a CSS pixel of a picture made of pixels.
const SCALE: f64 = 2.0;
/// Most pixels of a side, and in all, that browsers of desktops can make.
const MOST_SIDE: f64 = 16_384.0;
const MOST_PIXELS: f64 = 64.0 * 1024.0 * 1024.0;

/// Pixels a CSS pixel of a picture of this size: two, and less where that would be
/// more than browsers can make.
pub fn scale(width: f64, height: f64) -> f64 {
    let (width, height) = (width.max(1.0), height.max(1.0));
    let side = MOST_SIDE / width.max(height);
    let pixels = (MOST_PIXELS / (width * height)).sqrt();
    SCALE.min(side).min(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_two_pixels_a_css_pixel_unless_they_are_huge() {
        let check = |width: f64, height: f64, expected: f64| {
            let scale = scale(width, height);
            assert!(
                (scale - expected).abs() < 1e-9,
                "{width} × {height}: {scale}"
            );
            assert!(width * scale <= MOST_SIDE + 1e-6);
            assert!(width * height * scale * scale <= MOST_PIXELS + 1.0);
        };
        check(1440.0, 900.0, 2.0);
        check(0.0, 0.0, 2.0);
        check(960.0, 65_536.0, 0.25);
        check(8_192.0, 8_192.0, 1.0);
    }

    #[test]
    fn the_ground_is_below_all_shapes() {
        let list = DrawList {
            width: 10.0,
            height: 20.0,
            shapes: vec![Shape::Circle {
                x: 1.0,
                y: 1.0,
                radius: 1.0,
                fill: Ink::Accent,
                stroke: None,
            }],
            ..DrawList::default()
        };
        let over = on_ground(&list);
        assert_eq!(over.shapes[1..], list.shapes);
        let Shape::Rect { rect, fill, .. } = over.shapes[0] else {
            panic!("{:?}", over.shapes);
        };
        assert_eq!(
            (rect, fill),
            (Rect::new(0.0, 0.0, 10.0, 20.0), Some(Ink::Ground))
        );
    }
}
