//! Draw lists as SVG files (SVG 1.1 with the CSS colours of SVG 2): what
//! `paint` paints, shape by shape. Pure.

use std::fmt::Write as _;

use crate::colours::Colours;
use crate::scene::outline::{self, DASH, HATCH};
use crate::scene::{Align, DrawList, Font, Ink, Shape};

/// How far below the middle of a line of text its baseline lies, in ems. Programs
/// differ in what they make of `dominant-baseline`, so it is not used.
const BASELINE: f64 = 0.35;

/// Writes a draw list as an SVG file of its size, with a title.
pub fn write(list: &DrawList, colours: &Colours, title: &str) -> String {
    let mut file = File {
        text: String::new(),
        colours,
    };
    file.text += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    file.open("svg");
    file.attribute("xmlns", "http://www.w3.org/2000/svg");
    file.attribute("version", "1.1");
    file.number("width", list.width);
    file.number("height", list.height);
    file.text += " viewBox=\"0 0 ";
    push_number(&mut file.text, list.width);
    file.text.push(' ');
    push_number(&mut file.text, list.height);
    file.text.push('"');
    file.attribute("role", "img");
    // Spaces in a text are part of it.
    file.attribute("xml:space", "preserve");
    file.text += ">\n<title>";
    push_escaped(&mut file.text, title);
    file.text += "</title>\n";
    file.hatches(list);
    for shape in &list.shapes {
        file.shape(shape);
    }
    file.text += "</svg>\n";
    file.text
}

struct File<'a> {
    text: String,
    colours: &'a Colours,
}

impl File<'_> {
    fn open(&mut self, element: &str) {
        self.text.push('<');
        self.text += element;
    }

    fn close(&mut self) {
        self.text += "/>\n";
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text += name;
        self.text += "=\"";
        push_escaped(&mut self.text, value);
        self.text.push('"');
    }

    fn number(&mut self, name: &str, value: f64) {
        self.text.push(' ');
        self.text += name;
        self.text += "=\"";
        push_number(&mut self.text, value);
        self.text.push('"');
    }

    fn fill(&mut self, ink: Option<Ink>, alpha: f64) {
        match ink {
            Some(ink) => self.attribute("fill", self.colours.of(ink)),
            None => self.attribute("fill", "none"),
        }
        if ink.is_some() && alpha < 1.0 {
            self.number("fill-opacity", alpha);
        }
    }

    fn stroke(&mut self, ink: Ink, line: f64, is_dashed: bool, alpha: f64) {
        self.attribute("stroke", self.colours.of(ink));
        self.number("stroke-width", line);
        if is_dashed {
            let [dash, gap] = DASH;
            self.attribute("stroke-dasharray", &format!("{dash} {gap}"));
        }
        if alpha < 1.0 {
            self.number("stroke-opacity", alpha);
        }
    }

    fn alpha(&self, is_ghost: bool) -> f64 {
        if is_ghost {
            self.colours.ghost_alpha
        } else {
            1.0
        }
    }

    /// The patterns of the hatches that occur.
    fn hatches(&mut self, list: &DrawList) {
        let mut inks: Vec<_> = list.shapes.iter().filter_map(hatched).collect();
        inks.sort_unstable();
        inks.dedup();
        for ink in inks {
            self.open("pattern");
            self.attribute("id", &pattern(ink));
            self.number("width", f64::from(HATCH));
            self.number("height", f64::from(HATCH));
            self.attribute("patternUnits", "userSpaceOnUse");
            self.text.push('>');
            self.open("path");
            self.attribute("d", "M-7 7L1 -1M-1 7L7 -1M5 7L13 -1");
            self.fill(None, 1.0);
            self.stroke(ink, 1.0, false, 1.0);
            self.text += "/></pattern>\n";
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect {
                rect,
                fill,
                stroke,
                line,
                radius,
                dashed,
                ghost,
            } => {
                let alpha = self.alpha(*ghost);
                self.open("rect");
                self.number("x", rect.x);
                self.number("y", rect.y);
                self.number("width", rect.width);
                self.number("height", rect.height);
                if *radius > 0.0 {
                    let radius = radius.min(rect.width / 2.0).min(rect.height / 2.0);
                    self.number("rx", radius.max(0.0));
                }
                self.fill(*fill, alpha);
                if let Some(ink) = stroke {
                    self.stroke(*ink, *line, *dashed, alpha);
                }
                self.close();
            }
            Shape::Hatch { rect, ink, ghost } => {
                self.open("rect");
                self.number("x", rect.x);
                self.number("y", rect.y);
                self.number("width", rect.width);
                self.number("height", rect.height);
                self.attribute("fill", &["url(#", &pattern(*ink), ")"].concat());
                if *ghost {
                    self.number("fill-opacity", self.colours.ghost_alpha);
                }
                self.close();
            }
            Shape::Line {
                x0,
                y0,
                x1,
                y1,
                ink,
                line,
                dashed,
                ghost,
            } => {
                self.open("line");
                for (name, value) in [("x1", x0), ("y1", y0), ("x2", x1), ("y2", y1)] {
                    self.number(name, *value);
                }
                self.stroke(*ink, *line, *dashed, self.alpha(*ghost));
                self.close();
            }
            Shape::Ribbon {
                top,
                bottom,
                ink,
                ghost,
            } => {
                self.polygon(outline::ribbon(top, bottom), *ink, *ghost);
            }
            Shape::Area {
                points,
                base,
                ink,
                ghost,
            } => {
                if !points.is_empty() {
                    self.polygon(outline::area(points, *base), *ink, *ghost);
                }
            }
            Shape::Circle {
                x,
                y,
                radius,
                fill,
                stroke,
            } => {
                self.open("circle");
                self.number("cx", *x);
                self.number("cy", *y);
                self.number("r", *radius);
                self.fill(Some(*fill), 1.0);
                if let Some(ink) = stroke {
                    self.stroke(*ink, 2.0, false, 1.0);
                }
                self.close();
            }
            Shape::Text {
                x,
                y,
                text,
                align,
                font,
                ink,
                // An estimate that errs on the wide side has shortened it: it fits.
                max_width: _,
                ghost,
            } => {
                self.open("text");
                self.number("x", *x);
                self.number("y", y + BASELINE * font.size());
                self.font(*font, *align);
                let alpha = if *ghost {
                    self.colours.ghost_text_alpha
                } else {
                    1.0
                };
                self.fill(Some(*ink), alpha);
                self.text.push('>');
                push_escaped(&mut self.text, text);
                self.text += "</text>\n";
            }
        }
    }

    fn font(&mut self, font: Font, align: Align) {
        let (family, is_bold) = self.colours.family(font);
        self.attribute("font-family", family);
        self.number("font-size", font.size());
        if is_bold {
            self.attribute("font-weight", "bold");
        }
        match align {
            Align::Start => {}
            Align::Middle => self.attribute("text-anchor", "middle"),
            Align::End => self.attribute("text-anchor", "end"),
        }
    }

    fn polygon(&mut self, points: impl IntoIterator<Item = (f64, f64)>, ink: Ink, is_ghost: bool) {
        self.open("polygon");
        self.text += " points=\"";
        for (at, (x, y)) in points.into_iter().enumerate() {
            if at > 0 {
                self.text.push(' ');
            }
            push_number(&mut self.text, x);
            self.text.push(',');
            push_number(&mut self.text, y);
        }
        self.text.push('"');
        self.fill(Some(ink), self.alpha(is_ghost));
        self.close();
    }
}

const fn hatched(shape: &Shape) -> Option<Ink> {
    match shape {
        Shape::Hatch { ink, .. } => Some(*ink),
        _ => None,
    }
}

/// The id of an ink's hatch.
fn pattern(ink: Ink) -> String {
    ["hatch", ink.variable().trim_start_matches('-')].join("-")
}

/// A number with at most two decimals: a hundredth of a pixel. What is no number
/// becomes 0. (The page's program formats no floating point.)
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
fn push_number(text: &mut String, value: f64) {
    let hundredths = (value * 100.0).round() as i64;
    if hundredths < 0 {
        text.push('-');
    }
    let (whole, rest) = (
        hundredths.unsigned_abs() / 100,
        hundredths.unsigned_abs() % 100,
    );
    // A String takes everything.
    let _ = match (rest / 10, rest % 10) {
        (0, 0) => write!(text, "{whole}"),
        (tenths, 0) => write!(text, "{whole}.{tenths}"),
        (tenths, hundredths) => write!(text, "{whole}.{tenths}{hundredths}"),
    };
}

/// Character data or the value of an attribute (XML 1.0, 2.4). Characters that no
/// XML file may hold (2.2) become U+FFFD.
fn push_escaped(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '&' => *text += "&amp;",
            '<' => *text += "&lt;",
            '>' => *text += "&gt;",
            '"' => *text += "&quot;",
            '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'.. => text.push(character),
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

#[cfg(test)]
mod tests;
