//! Messages of the derives; those they share with `#[connector]` are one level up.
//! The stages in `derive/` build them.
//! One constructor per message; `tests/ui/fail` holds a case of the same name for one derive at least.

pub(crate) mod attribute;
pub(crate) mod field;
pub(crate) mod target;
pub(crate) mod variant;
