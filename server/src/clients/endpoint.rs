//! Where a client's server is: at an address, or behind a WebSocket bridge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use protocol::System;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::http::uri::PathAndQuery;

use crate::net::{Address, AddressError};

/// Where a client's server is.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// It is connected to.
    Server(Address),
    /// It is reached through a bridge.
    Bridge {
        /// The bridge.
        url: BridgeUrl,
        /// Whom `wss://` trusts; none: the authorities that this machine trusts.
        trust: Option<Trust>,
    },
}

/// Certificate authorities that are trusted.
#[derive(Clone)]
pub struct Trust(pub(super) Arc<rustls::ClientConfig>);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

/// Why authorities can't be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not PEM.
    #[error("it is not PEM: {0}")]
    Pem(rustls::pki_types::pem::Error),
    /// A certificate that can't be read.
    #[error("a certificate in it can't be used: {0}")]
    Certificate(rustls::Error),
    /// No certificate is in it.
    #[error("it holds no certificate: it begins with -----BEGIN CERTIFICATE-----")]
    Empty,
}

impl Trust {
    /// Trusts the certificates in `pem` (RFC 7468), and no others.
    pub fn only(pem: &[u8]) -> Result<Self, TrustError> {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject as _;

        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(TrustError::Pem)?;
            roots.add(certificate).map_err(TrustError::Certificate)?;
        }
        if roots.is_empty() {
            return Err(TrustError::Empty);
        }
        let config = rustls::ClientConfig::builder().with_root_certificates(roots);
        Ok(Self(Arc::new(config.with_no_client_auth())))
    }
}

/// A bridge as a URL (RFC 6455, section 3): `ws://HOST[:PORT][/PATH]`, or
/// `wss://` for TLS. Without a path it is `/bridge/` and the system's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeUrl {
    uri: Uri,
    address: Address,
}

/// Why a URL is none of a bridge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BridgeUrlError {
    /// It is no URL.
    #[error("\"{0}\" is not a URL: write one such as ws://127.0.0.1:7878/bridge/auth")]
    Syntax(String),
    /// Its scheme is another.
    #[error(
        "\"{0}\" begins with neither ws:// nor wss://, such as ws://127.0.0.1:7878/bridge/auth"
    )]
    Scheme(String),
    /// It names a user.
    #[error(
        "\"{0}\" has a user in it, whom a bridge does not ask for: leave out what stands before the @"
    )]
    User(String),
    /// Its host or its port is wrong.
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl BridgeUrl {
    /// Whether it begins with `wss://`: the connection is TLS (RFC 8446).
    pub fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("wss")
    }

    /// Where the bridge listens.
    pub(super) const fn address(&self) -> &Address {
        &self.address
    }

    /// The same bridge, with a path of its own or else with that of `system`.
    pub(super) fn with_path(&self, system: System) -> Uri {
        if self.uri.path() != "/" {
            return self.uri.clone();
        }
        let query = self.uri.query().map_or(String::new(), |q| format!("?{q}"));
        let path = format!("/bridge/{system}{query}");
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(path).expect("a name is a path"));
        Uri::from_parts(parts).expect("another path changes nothing else")
    }
}

impl FromStr for BridgeUrl {
    type Err = BridgeUrlError;

    fn from_str(text: &str) -> Result<Self, BridgeUrlError> {
        let shown = || text.chars().take(100).collect::<String>();
        let uri: Uri = text.parse().map_err(|_| BridgeUrlError::Syntax(shown()))?;
        let port = match uri.scheme_str() {
            Some("ws") => 80,
            Some("wss") => 443,
            _ => return Err(BridgeUrlError::Scheme(shown())),
        };
        let authority = uri
            .authority()
            .ok_or_else(|| BridgeUrlError::Syntax(shown()))?;
        if authority.as_str().contains('@') {
            return Err(BridgeUrlError::User(shown()));
        }
        let host = authority.host();
        // An empty port is the scheme's (RFC 3986, section 3.2.3).
        let written = authority.as_str()[host.len()..].trim_start_matches(':');
        let address = match written {
            "" => format!("{host}:{port}"),
            port => format!("{host}:{port}"),
        };
        if host.is_empty() {
            return Err(BridgeUrlError::Syntax(shown()));
        }
        let address = address.parse::<Address>()?.to_connect_to()?;
        Ok(Self { uri, address })
    }
}

impl fmt::Display for BridgeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_path_leads_to_the_bridge_of_the_system() {
        fn check(url: &str, address: &str, uri: &str) {
            let url: BridgeUrl = url.parse().unwrap();
            assert_eq!(url.address().to_string(), address);
            assert_eq!(url.with_path(System::Auth).to_string(), uri);
        }
        let path = "/bridge/auth";
        check("ws://a", "a:80", &format!("ws://a{path}"));
        check("wss://a/", "a:443", &format!("wss://a{path}"));
        check("ws://a:1?text", "a:1", &format!("ws://a:1{path}?text"));
        check("wss://[::1]:9/x/y?z", "[::1]:9", "wss://[::1]:9/x/y?z");
        check("ws://[::1]", "[::1]:80", &format!("ws://[::1]{path}"));
        assert!("wss://a".parse::<BridgeUrl>().unwrap().is_tls());
        assert!(!"ws://a".parse::<BridgeUrl>().unwrap().is_tls());
    }

    #[test]
    fn mistakes_are_named() {
        fn check(url: &str, part: &str) {
            let error = url.parse::<BridgeUrl>().unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
        }
        check("http://a/", "neither ws:// nor wss://");
        check("ws://", "is not a URL");
        check("ws:///bridge/auth", "is not a URL");
        check("ws://a b/", "is not a URL");
        check("ws://me:secret@a/", "has a user in it");
        check("ws://a:0/", "port 0");
        check("ws://a:99999/", "99999");
    }

    #[test]
    fn what_holds_no_certificate_is_refused() {
        let error = |pem: &[u8]| Trust::only(pem).unwrap_err().to_string();
        assert!(error(b"").contains("no certificate"));
        assert!(error(b"hello").contains("no certificate"));
        assert!(error(b"-----BEGIN CERTIFICATE-----\n???\n").contains("not PEM"));
        let wrong = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(error(wrong).contains("can't be used"));
    }
}
