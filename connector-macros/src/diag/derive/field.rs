//! Messages about the fields of a struct, each by itself and among the others.
//! `derive/check.rs` builds them.
//! One constructor per message; `tests/ui/fail` holds a case of the same name for one derive at least.

use proc_macro2::Ident;
use quote::ToTokens;

use crate::diag::{Diagnostic, Place};
use crate::words::derive::{Derive, SECRET};

pub(crate) fn duplicate_name(
    derive: Derive,
    secret: bool,
    name: &str,
    first: &Ident,
    second: &impl ToTokens,
) -> Diagnostic {
    let attribute = if secret { SECRET } else { derive.attribute() };
    Diagnostic::new(Place::of(second), format!("two fields are called {name:?}"))
        .help(format!("give this one another name: `#[{attribute}(rename = \"…\")]`"))
        .note(format!("the first is `{first}`"))
}

pub(crate) fn conflict_default_and_optional(second: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(second), "a field has a `default` or is `optional`, not both")
        .help("remove one: with `default` the field may be left out, too")
}
