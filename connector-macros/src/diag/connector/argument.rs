//! Messages about single arguments of `#[connector]`: missing and doubled ones.
//! `connector/args.rs`, `connector/check.rs` and `connector/model.rs` build them.
//! One constructor per message; `tests/ui/fail/connector` holds a case of the same name for each.

use proc_macro2::{Ident, TokenStream};

use crate::diag::argument::duplicate_argument;
use crate::diag::{Diagnostic, Place};
use crate::words::connector::Argument;

pub(crate) fn missing_task_type(item: &TokenStream) -> Diagnostic {
    Diagnostic::new(Place::attribute(item), "`#[connector]` needs a `task_type`")
        .help("write `#[connector(task_type = \"bigquery\")]`")
        .note("it must equal `TaskTemplate.type` in the tasks this connector serves")
}

pub(crate) fn duplicate_task_type(key: &Ident) -> Diagnostic {
    duplicate_argument(Argument::TaskType, key)
        .note("to serve two task types, give a list: `task_type = [\"a\", \"b\"]`")
}

pub(crate) fn duplicate_version(key: &Ident) -> Diagnostic {
    duplicate_argument(Argument::Version, key)
        .note("to serve two versions, give a list: `version = [0, 1]`")
}
