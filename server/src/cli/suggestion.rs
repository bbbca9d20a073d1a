//! What was meant by a name that there is not.

/// How alike two names have to be: as clap has it for its own arguments.
const ALIKE: f64 = 0.7;

/// The name of `known` that is most like `name`; none where none is.
pub(super) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let known = known
        .into_iter()
        .map(|known| (strsim::jaro(&name, known), known));
    let alike = known.filter(|(likeness, _)| *likeness > ALIKE);
    let best = alike.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use trace::knob::Knob;

    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        let closest = |name| closest(name, Knob::ALL.map(Knob::name));
        assert_eq!(closest("bufer"), Some("buffer"));
        assert_eq!(closest("max_frame"), Some("max-frame"));
        assert_eq!(closest("readdelay"), Some("read-delay"));
        assert_eq!(closest("GAP"), Some("gap"));
        assert_eq!(closest("messages3"), Some("messages"));
        assert_eq!(closest("mesages2"), Some("messages2"));
        assert_eq!(closest("qqq"), None);
        assert_eq!(closest(""), None);
    }
}
