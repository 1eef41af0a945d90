//! Writes the Python task class of a connector, for the official Flyte SDK, as a module or a package.
//!
//! What is written comes from the types a connector declares, as data ([`Interface`]); the connector
//! itself is not needed. What all modules have in common, local runs above all, is Python: the package
//! `flyte_connector_server.tasks`, whose text a module carries unless it imports it.
// The command line of `connector-service` calls it. Nothing of the wire or of a server may come in.

mod classes;
mod defaults;
mod doubts;
mod imports;
mod module;
mod names;
mod package;
mod parts;
mod task;
mod text;
mod types;

use connector_core::ConnectorKey;
use connector_core::host::Interface;
pub use module::{Module, Runtime};

/// A connector, as far as a task class shows it.
#[derive(Debug)]
pub struct Described<'a> {
    /// Task type and version.
    pub key: &'a ConnectorKey,
    /// The connector's name for people.
    pub name: &'a str,
    /// What it takes and gives.
    pub interface: Interface,
}
