//! What is known of connections beside what was observed on them.

use protocol::Framing;
use serde::{Deserialize, Deserializer, Serialize, de};

/// What is known of the connections where nothing was planned, the same for
/// all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Setup {
    /// How whoever opened a connection frames its messages; none: it is not known.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "valid_framing"
    )]
    pub opener_framing: Option<Framing>,
    /// The same of whoever accepted it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "valid_framing"
    )]
    pub acceptor_framing: Option<Framing>,
    /// Whether the opener has Nagle's algorithm on (no TCP_NODELAY); none: it
    /// is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opener_nagle: Option<bool>,
    /// The same of the acceptor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_nagle: Option<bool>,
}

/// A framing that a frame could satisfy: nothing else is decoded with.
fn valid_framing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Framing>, D::Error> {
    let framing = Option::<Framing>::deserialize(deserializer)?;
    if let Some(framing) = &framing {
        framing.validate().map_err(de::Error::custom)?;
    }
    Ok(framing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_no_frame_could_satisfy_are_refused() {
        let read = |framing: &str| {
            let json = format!(r#"{{"opener-framing":{framing}}}"#);
            serde_json::from_str::<Setup>(&json).map_err(|error| error.to_string())
        };
        let plain = read(r#"{"kind":"delimiter"}"#).map(|setup| setup.opener_framing);
        assert_eq!(plain, Ok(Some(Framing::named("delimiter").unwrap())));
        for (framing, part) in [
            (
                r#"{"kind":"length-prefix","trailer":4294967295}"#,
                "4294967295",
            ),
            (r#"{"kind":"length-prefix","offset":1000}"#, "1000"),
            (r#"{"kind":"fixed-size","size":0}"#, "0 bytes"),
            (r#"{"kind":"delimiter","delimiter":""}"#, "empty"),
        ] {
            let error = read(framing).expect_err(framing);
            assert!(error.contains(part), "{framing}: {error}");
        }
    }
}
