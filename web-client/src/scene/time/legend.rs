//! What the signs of the view mean.

use super::{Sheet, TimeRow, TimeRowKind, is_linked};
use crate::scene::margins::PAD;
use crate::scene::{Font, text_width};

impl Sheet<'_> {
    /// What the dots and the shades of the queues mean, in as many lines as
    /// there is room for; and whether the lengths of shortened waits `are_told`.
    pub(super) fn legend(&self, are_told: bool) -> Vec<String> {
        let queue = |row: &TimeRow| {
            matches!(
                row.kind,
                TimeRowKind::SendQueue(_)
                    | TimeRowKind::ReceiveQueue(_)
                    | TimeRowKind::AcceptQueue(_)
            )
        };
        let between = if self.model.has_whole_wire() {
            "stage.legend-wire"
        } else {
            "stage.legend-held"
        };
        let asked = ["stage.legend-dots", between, "stage.legend-unsent"];
        let derived = |row: &TimeRow| matches!(row.kind, TimeRowKind::UnderWay(..));
        let is_linked = |row: &TimeRow| match row.kind {
            TimeRowKind::Wire(id) => is_linked(self.model, id),
            _ => false,
        };
        let link: &[&str] = if self.rows.iter().any(is_linked) {
            &["stage.legend-link", "stage.legend-hole"]
        } else {
            &[]
        };
        let keys: &[&str] = if self.rows.iter().any(queue) {
            &asked
        } else if self.rows.iter().any(derived) {
            &["stage.legend-calls"]
        } else {
            &[]
        };
        let waits: &[&str] = match (self.scale.is_shortened(), are_told) {
            (false, _) => &[],
            (true, false) => &["stage.legend-waits"],
            (true, true) => &["stage.legend-waits", "stage.legend-lengths"],
        };
        let mut lines: Vec<String> = Vec::new();
        for text in keys
            .iter()
            .chain(link)
            .chain(waits)
            .map(|key| self.catalog.text(key))
        {
            let room = self.scale.width - 2.0 * PAD;
            let joined = lines.last().map(|last| [last, " · ", &text].concat());
            match joined.filter(|joined| text_width(joined, Font::Small) <= room) {
                Some(joined) => {
                    lines.pop();
                    lines.push(joined);
                }
                None => lines.push(text),
            }
        }
        lines
    }
}
