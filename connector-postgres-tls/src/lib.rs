//! TLS of connections to PostgreSQL, by the rules of `sslmode` (PostgreSQL's documentation, "SSL Support").
//!
//! [`Tls`] is what `tokio-postgres` connects with, and [`refusal`] says why it does not.

mod mode;
#[cfg(feature = "driver")]
mod refusal;
#[cfg(feature = "driver")]
mod tls;
#[cfg(feature = "driver")]
mod verifier;

pub use self::mode::SslMode;
#[cfg(feature = "driver")]
pub use self::refusal::refusal;
#[cfg(feature = "driver")]
pub use self::tls::{Stream, Tls, ToHost};
