//! What a client sends, shown below the field of its messages while they are typed.

use trace::text::{Catalog, Sentence};
use web_sys::{Element, HtmlElement};

use super::{mistakes, wording};
use crate::app::Mistake;
use crate::dom::{self, Missing, Template};
use crate::outgoing::{Outgoing, Row};

/// Most characters of a message's text.
const MOST: usize = 32;

/// The templates that it is made of.
pub(super) struct Templates {
    list: Template,
    row: Template,
}

impl Templates {
    pub(super) fn find() -> Result<Self, Missing> {
        Ok(Self {
            list: Template::find("outgoing")?,
            row: Template::find("outgoing-row")?,
        })
    }

    /// A list that shows nothing yet.
    pub(super) fn list(&self) -> HtmlElement {
        self.list.clone_as()
    }

    /// Shows it in `list`.
    pub(super) fn show(
        &self,
        list: &HtmlElement,
        outgoing: &Result<Outgoing, Mistake>,
        catalog: &Catalog,
    ) {
        let rows: Result<Element, Missing> = dom::within(list, ".outgoing-rows");
        let total: Result<Element, Missing> = dom::within(list, ".outgoing-total");
        let (Ok(rows), Ok(total)) = (rows, total) else {
            return;
        };
        dom::set_text(&rows, "");
        dom::set_bool(list, "data-refused", outgoing.is_err());
        let outgoing = match outgoing {
            Ok(outgoing) => outgoing,
            Err(mistake) => {
                dom::set_text(&total, &mistakes::describe(mistake, catalog));
                return;
            }
        };
        for row in &outgoing.rows {
            if let Ok(element) = self.row(row, catalog) {
                let _ = rows.append_child(&element);
            }
        }
        let count = outgoing.rows.len() + outgoing.more;
        let sentence = Sentence::new(if outgoing.more > 0 {
            "outgoing.more"
        } else {
            "outgoing.total"
        });
        let sentence = sentence
            .with("n", count)
            .with("bytes", outgoing.bytes)
            .with("shown", outgoing.rows.len());
        let mut said = catalog.render(&sentence);
        if outgoing.is_framed {
            said += &catalog.text("outgoing.framed");
        }
        dom::set_text(&total, &said);
    }

    fn row(&self, row: &Row, catalog: &Catalog) -> Result<Element, Missing> {
        let element: Element = self.row.clone_as();
        let put = |place: &str, text: &str| {
            dom::within::<Element>(&element, place).map(|place| dom::set_text(&place, text))
        };
        put(".outgoing-header", &pairs(&row.header))?;
        put(".outgoing-body", &pairs(&row.body))?;
        let mut text = wording::text(&row.body, MOST);
        if row.header.is_empty() && row.body.is_empty() {
            text = catalog.text("outgoing.empty");
        }
        put(".outgoing-text", &text)?;
        if row.more > 0 {
            let more = Sentence::new("outgoing.more-bytes").with("n", row.more);
            put(".outgoing-more", &catalog.render(&more))?;
        }
        Ok(element)
    }
}

/// Bytes as pairs of hexadecimal digits, with spaces between them.
fn pairs(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| wording::hex(&[*byte], 1)).collect();
    pairs.join(" ")
}
