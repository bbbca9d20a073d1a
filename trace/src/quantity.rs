//! Numbers as people write them: with a unit or without.

/// The number that `text` writes, in `unit`: as it is or with a unit of its own.
/// Bytes take `B`, `K` and `KiB` (1,024), `M` and `MiB`; times take `us`, `µs`,
/// `ms` and `s`, as long as the result is a whole number.
pub(crate) fn number(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let (digits, suffix) = text.split_at(text.len() - digits.len());
    let number: u64 = digits.parse().ok()?;
    let (times, per) = match (unit, suffix.trim_start()) {
        // The micro sign, and the Greek letter that looks like it.
        (_, "") | ("B", "B") | ("s", "s") | ("ms", "ms") | ("µs", "us" | "µs" | "μs") => (1, 1),
        ("B", "K" | "KiB") => (1 << 10, 1),
        ("B", "M" | "MiB") => (1 << 20, 1),
        ("µs", "ms") | ("ms", "s") => (1_000, 1),
        ("µs", "s") => (1_000_000, 1),
        ("ms", "us" | "µs" | "μs") => (1, 1_000),
        _ => return None,
    };
    let number = number.checked_mul(times)?;
    if !number.is_multiple_of(per) {
        return None;
    }
    u32::try_from(number / per).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_units_of_their_kind() {
        for (text, unit, expected) in [
            ("4", "B", Some(4)),
            ("4K", "B", Some(4_096)),
            ("4 KiB", "B", Some(4_096)),
            ("1MiB", "B", Some(1 << 20)),
            ("1M", "B", Some(1 << 20)),
            ("7B", "B", Some(7)),
            ("5ms", "µs", Some(5_000)),
            ("5us", "µs", Some(5)),
            ("2s", "µs", Some(2_000_000)),
            ("5ms", "ms", Some(5)),
            ("2s", "ms", Some(2_000)),
            ("3000us", "ms", Some(3)),
            // No whole number of milliseconds.
            ("1500us", "ms", None),
            ("5", "", Some(5)),
            // Of another kind, or of two meanings.
            ("5ms", "B", None),
            ("4K", "ms", None),
            ("4K", "", None),
            ("1KB", "B", None),
            ("1k", "B", None),
            ("-1", "B", None),
            ("1.5K", "B", None),
            ("K", "B", None),
            ("", "B", None),
            ("99999999999999M", "B", None),
            ("4194304K", "B", None),
        ] {
            assert_eq!(number(text, unit), expected, "{text:?} in {unit:?}");
        }
    }
}
