//! The templates of source code this program carries, from `static/decoder`.

// (name, text) of every template, such as `python/decoder`; by name.
include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The text of a template.
pub fn find(name: &str) -> Option<&'static str> {
    let at = TEMPLATES.binary_search_by_key(&name, |(name, _)| name);
    Some(TEMPLATES[at.ok()?].1)
}
