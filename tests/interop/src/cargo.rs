//! Cargo, started by a test.

use std::process::Command;

/// Has a command see cargo's world as a person's shell shows it, not as `cargo test` shows it to a test.
///
/// Build scripts may look at what cargo says of the package it runs (that of `ring` does). To the cargo that a test
/// starts, such a crate seems changed; it and all that stands on it would be compiled anew, beneath the tests that
/// are still to be linked.
pub fn forget_outer(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| told.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}
