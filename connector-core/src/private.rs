//! Everything expansions of the macros may name, and nothing else.
//! Not public: it may change in any release, together with `connector-macros`.

pub use connector_macros::Default;
pub use inventory;

pub use crate::init::{
    Borrowed, DefaultField, Fallible, Later, MadeByDefault, MakesInstance, Owned, Plain,
    TakesSettings, call_init, from_default, from_init, of_field,
};
pub use crate::registration::{InitFuture, LinkedConnector, Registration};
pub use crate::secret::Storable;
pub use crate::sync_connector::{Kinds, NoJobs, only_sync};
// What bounds and signatures of those name.
pub use crate::typed::connection::{ConnectionFields, SecretValue};
pub use crate::typed::fields::{LiteralFields, LiteralFieldsOut};
pub use crate::typed::object::{ValueFields, ValueFieldsOut};
pub use crate::typed::optional::OptionalField;

/// The four parts of a task.
pub mod derived {
    pub use crate::typed::derived::*;
}

/// Enums of names.
pub mod enumeration {
    pub use crate::typed::enumeration::*;
}

/// Structs.
pub mod record {
    pub use crate::typed::record::*;
}

/// Enums of types.
pub mod union {
    pub use crate::typed::union::*;
}
