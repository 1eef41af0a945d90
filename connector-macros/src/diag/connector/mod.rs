//! Messages of `#[connector]` alone; those it shares with the derives are one level up.
//! The stages in `connector/` build them.
//! One constructor per message; `tests/ui/fail/connector` holds a case of the same name for each.

pub(crate) mod argument;
pub(crate) mod target;
pub(crate) mod value;
