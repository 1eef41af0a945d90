//! TLS of the two ports: certificates that are read again, and the names that callers' certificates have.
//! `trust` opens it by its flags; `admission` wraps every connection in it before anything is served.

mod certificates;
mod names;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use certificates::{Files, Speaks, Tls};
pub(crate) use names::{Allowed, of_certificate};
