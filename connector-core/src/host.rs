//! What a server of connectors calls: connectors in their raw form, the table's entries, the
//! operator's secrets as they change, types as data. It is no part of the public API and may change in
//! any release; connectors and their tests call nothing here.

pub use crate::erased::{
    CallError, CreateRequest, DynConnector, ErasedResource, FindRequest, JobRequest, QueryRequest,
};
pub use crate::error::with_causes;
pub use crate::idempotency::task::TaskOfRun;
pub use crate::registration::Beforehand;
pub use crate::registry::entry::{AuthoredPolicy, Description, Entry, Origin};
pub use crate::registry::readers::{UnreadVariable, Variables};
pub use crate::secret::Refreshed;
pub use crate::typed::describe::{Interface, Shape};
pub use crate::wire::Wire;

/// Spans of time and sizes, as operators write them in flags and variables.
pub mod quantity {
    pub use crate::quantity::{seconds, size, span};
}

/// How environment variables are named.
pub mod variables {
    pub use crate::variables::{prefix, spelled};
}

/// Names made of fields, as keys of attempts are.
pub mod digest {
    pub use crate::idempotency::digest::{digest, hex};
}
