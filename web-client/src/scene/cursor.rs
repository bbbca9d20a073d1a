//! The cursor's line, which does not run through texts.

use super::{DrawList, Ink, Rect, Shape};

impl DrawList {
    /// Adds a vertical line that leaves out the texts so far.
    pub(super) fn vertical_around_texts(&mut self, x: f64, y0: f64, y1: f64, ink: Ink, line: f64) {
        let boxes = self.shapes.iter().filter_map(Shape::text_box);
        let crossed = boxes.filter(|text| text.x < x + line && x - line < text.right());
        let crossed: Vec<_> = crossed.map(|text| (text.y, text.bottom())).collect();
        let mut y = y0;
        while y < y1 {
            let inside = crossed.iter().find(|(from, to)| *from <= y && y < *to);
            if let Some((_, end)) = inside {
                y = *end;
                continue;
            }
            let ahead = crossed
                .iter()
                .map(|(from, _)| *from)
                .filter(|from| *from > y);
            let end = ahead.fold(y1, f64::min);
            self.vertical(x, y, end, ink, line);
            y = end;
        }
    }

    /// Adds the cursor: a vertical line that leaves out the texts so far, and
    /// its head.
    pub(super) fn cursor(&mut self, x: f64, top: f64, bottom: f64) {
        const WIDTH: f64 = 2.0;
        const HEAD: f64 = 5.0;
        self.handle = Some(Rect::new(
            x - HEAD,
            top - HEAD,
            2.0 * HEAD,
            bottom - top + HEAD,
        ));
        self.vertical_around_texts(x, top, bottom, Ink::Accent, WIDTH);
        self.shapes.push(Shape::Circle {
            x,
            y: top,
            radius: HEAD,
            fill: Ink::Accent,
            stroke: None,
        });
    }
}
