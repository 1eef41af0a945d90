//! Names of hosts, looked up so that none leads to an address which a connector shuns.
//! `client` gives it to reqwest, which connects to nothing but what is found here.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Looks names up as the system does, and leaves out what is shunned.
pub(crate) struct Names {
    shunned: fn(IpAddr) -> bool,
}

/// A name leads to shunned addresses only.
#[derive(Debug)]
pub(crate) struct Shunned(IpAddr);

impl Names {
    pub(crate) fn new(shunned: fn(IpAddr) -> bool) -> Arc<Self> {
        Arc::new(Self { shunned })
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let shunned = self.shunned;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (bad, good): (Vec<SocketAddr>, Vec<_>) =
                found.partition(|address| shunned(address.ip()));
            match bad.first() {
                Some(first) if good.is_empty() => Err(Shunned(first.ip()).into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

impl fmt::Display for Shunned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its name leads to {}, an address that is not called", self.0)
    }
}

impl std::error::Error for Shunned {}
