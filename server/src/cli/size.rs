//! Sizes as people write them: `1024`, `64KiB`, `1MiB`.

/// Bytes in `text`: a whole number with no unit, `B`, `KiB`, `MiB` or `GiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .filter(|_| factor > 0)
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "write a whole number of bytes, such as 1024, 64KiB or 1MiB".to_owned())
}

fn within(text: &str, most: u64) -> Result<u64, String> {
    let size = bytes(text)?;
    if (1..=most).contains(&size) {
        Ok(size)
    } else {
        Err(format!("it can be 1 to {most} bytes"))
    }
}

/// A receive buffer: 1 byte to 1 MiB.
pub(super) fn buffer(text: &str) -> Result<usize, String> {
    let size = within(text, 1 << 20)?;
    usize::try_from(size).map_err(|error| error.to_string())
}

/// Bytes of all calls of a record: 1 byte to 1 GiB.
pub(super) fn record(text: &str) -> Result<usize, String> {
    let size = within(text, 1 << 30)?;
    usize::try_from(size).map_err(|error| error.to_string())
}

/// Bytes that are kept of each call: 0 bytes to 1 GiB.
pub(super) fn snap(text: &str) -> Result<u32, String> {
    const MOST: u32 = 1 << 30;
    let size = u32::try_from(bytes(text)?).ok();
    let size = size.filter(|size| *size <= MOST);
    size.ok_or_else(|| format!("it can be 0 to {MOST} bytes"))
}

/// Events of a record: 1 to 10,000,000.
pub(super) fn events(text: &str) -> Result<u32, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (1..=10_000_000).contains(number));
    number.ok_or_else(|| "it can be 1 to 10000000".to_owned())
}

/// A largest message: 1 byte to 1 GiB.
pub(super) fn max_frame(text: &str) -> Result<u32, String> {
    let size = within(text, 1 << 30)?;
    u32::try_from(size).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(bytes(text).ok(), expected, "{text:?}");
    }

    #[test]
    fn sizes_are_exact() {
        check("0", Some(0));
        check("1024", Some(1024));
        check("5B", Some(5));
        check("64KiB", Some(65_536));
        check("1 MiB", Some(1_048_576));
        check("2GiB", Some(2_147_483_648));
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in [
            "",
            "KiB",
            "1k",
            "1KB",
            "1MB",
            "1mib",
            "-1",
            "+1",
            "1.5MiB",
            " 1",
            "1x",
            "1 KiB ",
            "99999999999999999999",
            "99999999999GiB",
            "１",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn buffers_and_messages_have_bounds() {
        assert_eq!(buffer("1MiB"), Ok(1 << 20));
        assert_eq!(
            buffer("1048577"),
            Err("it can be 1 to 1048576 bytes".to_owned())
        );
        assert!(buffer("0").is_err());
        assert_eq!(max_frame("1GiB"), Ok(1 << 30));
        assert!(max_frame("2GiB").is_err());
    }

    #[test]
    fn a_record_has_a_bound() {
        assert_eq!(events("1"), Ok(1));
        assert!(events("0").is_err() && events("10000001").is_err() && events("x").is_err());
    }
}
