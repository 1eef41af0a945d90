//! The message about what serde's derives cannot do through the prelude.
//! `serial/copy.rs` calls it.

use proc_macro2::Ident;

use super::Diagnostic;
use crate::serial::direction::Direction;

// #[derive(Serialize)] #[serde(bound = "T: Scene")] struct Page<T> { .. }
pub(crate) fn unknown_argument(direction: Direction, word: &Ident) -> Diagnostic {
    let derive = direction.name();
    Diagnostic::new(word.span(), format!("the prelude's `{derive}` cannot follow `{word}`")).help(
        format!(
            "derive serde's own: run `cargo add serde --features derive` and write \
             `#[derive(serde::{derive})]`"
        ),
    )
}
