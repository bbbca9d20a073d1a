//! Where the page listens, as `--page` has it.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use stickylab::gateway::Listener;
use stickylab::net::{Address, listen_tcp};

use super::address;

/// What stands before the path of a Unix socket.
const UNIX: &str = "unix:";

/// A TCP address, or the path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PageAddress {
    Tcp(Address),
    Unix(PathBuf),
}

impl FromStr for PageAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write unix: and a path, such as unix:/run/stickylab/page.sock";
        match text.strip_prefix(UNIX) {
            Some(_) if cfg!(not(unix)) => Err("there are no Unix sockets here".to_owned()),
            Some("") => Err(example.to_owned()),
            // Anybody on the machine could connect to it.
            Some(path) if path.starts_with('@') => {
                Err(format!("an abstract socket has no permissions: {example}"))
            }
            Some(path) => Ok(Self::Unix(path.into())),
            None => match text.parse() {
                Ok(address) => Ok(Self::Tcp(address)),
                Err(error) => Err(format!("{error}; or {example}")),
            },
        }
    }
}

impl PageAddress {
    /// Listens there; up to about `backlog` connections wait for accept.
    pub(super) async fn listen(&self, backlog: u32) -> Result<Listener> {
        match self {
            Self::Tcp(address) => {
                let listen = |address| listen_tcp(address, backlog);
                let listener = address::bind("page", address, "--page", listen).await?;
                Ok(listener.into())
            }
            #[cfg(unix)]
            Self::Unix(path) => match stickylab::net::listen_unix(path, backlog) {
                Ok(listener) => Ok(listener.into()),
                Err(error) => Err(anyhow!("page: {error} with --page")),
            },
            #[cfg(not(unix))]
            Self::Unix(_) => Err(anyhow!("page: there are no Unix sockets here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_path() {
        let tcp = |text: &str| PageAddress::Tcp(text.parse().unwrap());
        let parse = |text: &str| text.parse::<PageAddress>();
        assert_eq!(parse("[::1]:80"), Ok(tcp("[::1]:80")));
        #[cfg(unix)]
        assert_eq!(parse("unix:/a b"), Ok(PageAddress::Unix("/a b".into())));
        for wrong in ["unix:", "unix:@page", "/run/page", "7878"] {
            let error = parse(wrong).unwrap_err();
            assert!(!cfg!(unix) || error.contains("such as unix:/"), "{error}");
        }
    }
}
