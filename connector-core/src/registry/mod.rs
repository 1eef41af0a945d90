//! The table of connectors a server serves: by task type and version, and by name.
//! Built once at start from what the linker collected and what was registered by hand.
//! Lookups take no lock; building is `builder`'s business.

mod builder;
pub(crate) mod entry;
mod report;
pub(crate) mod table;

pub use builder::RegistryBuilder;
pub use report::{Duplicate, InitFailure, RegistryError};
pub use table::NamedConnector;

pub use crate::registration::Place;
pub use crate::variables::VariableError;
