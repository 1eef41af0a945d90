//! JSON exactly as Python's `json.dumps` writes it, and a lenient reader.
//! Resource metadata travels in it, so that Python and Rust connectors can take over each other's jobs.
//! Only spelling lives here; what is encoded is the caller's business.

mod decode;
mod encode;
mod error;
mod keys;
mod text;

pub(crate) use decode::from_slice;
pub(crate) use encode::to_vec;
