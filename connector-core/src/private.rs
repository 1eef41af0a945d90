//! Everything expansions of the macros may name, and nothing else.
//! Not public: it may change in any release, together with `connector-macros`.

pub use inventory;

pub use crate::init::{Fallible, Later, MakesInstance, Plain, from_default, from_init};
pub use crate::registration::{InitFuture, LinkedConnector, Registration};
pub use crate::typed::{derived, enumeration, record, union};
