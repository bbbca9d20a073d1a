//! Binds a listener where a flag says.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use stickylab::net::{Address, BindError};

/// Binds the first of the socket addresses that `address` stands for and that
/// can be bound. An error names `what` was to listen and the `flag` that
/// chooses another address.
pub(super) async fn bind<T>(
    what: &str,
    address: &Address,
    flag: &str,
    bind: impl Fn(SocketAddr) -> Result<T, BindError>,
) -> Result<T> {
    let found = address.to_listen().await.with_context(|| {
        format!("{what}: {address} can't be looked up: choose another address with {flag}")
    })?;
    let mut bound = Err(None);
    for address in found {
        bound = bind(address).map_err(Some);
        if bound.is_ok() {
            break;
        }
    }
    bound.map_err(|error| match error {
        Some(error) => anyhow::anyhow!("{what}: {error} with {flag}"),
        None => anyhow::anyhow!("{what}: {address} has no address: choose another with {flag}"),
    })
}
