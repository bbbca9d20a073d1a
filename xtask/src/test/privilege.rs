//! Whether the tests may do what takes a privilege. Those that do are marked
//! `#[ignore = "needs CAP_NET_RAW"]`, so that a harness started by hand counts
//! them as ignored; `cargo xtask test` runs them where it may.

use std::env;

use anyhow::{Result, ensure};

/// Whether this process, and so a test that it starts, may open packet and raw
/// sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privilege {
    /// It has CAP_NET_RAW (capabilities(7)).
    Raw,
    /// It has not, or this system has no such thing.
    None,
}

impl Privilege {
    /// What the process has. Under continuous integration, which sets `CI`, it
    /// is an error to have none: there every test has to run.
    pub(crate) fn find() -> Result<Self> {
        let privilege = if has_net_raw() { Self::Raw } else { Self::None };
        ensure!(
            privilege == Self::Raw || !required(env::var_os("CI").as_deref()),
            "CI is set, and the tests lack CAP_NET_RAW: in continuous integration \
             no test may be ignored; run them as root, or unset CI"
        );
        Ok(privilege)
    }

    /// Arguments of a test harness: whether it runs the tests that need this.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Raw => &["--include-ignored"],
            Self::None => &[],
        }
    }
}

/// Whether the value of the variable `CI` says that this is continuous integration.
fn required(ci: Option<&std::ffi::OsStr>) -> bool {
    ci.is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0")
}

#[cfg(target_os = "linux")]
fn has_net_raw() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_RAW))
}

#[cfg(not(target_os = "linux"))]
fn has_net_raw() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_a_variable_that_is_set_to_something_but_false() {
        fn check(ci: Option<&str>, expected: bool) {
            assert_eq!(required(ci.map(str::as_ref)), expected, "{ci:?}");
        }
        check(None, false);
        check(Some(""), false);
        check(Some("false"), false);
        check(Some("0"), false);
        check(Some("true"), true);
        check(Some("1"), true);
    }

    #[test]
    fn tests_that_need_the_privilege_run_where_it_is_there() {
        assert_eq!(Privilege::Raw.arguments(), ["--include-ignored"]);
        assert!(Privilege::None.arguments().is_empty());
    }
}
