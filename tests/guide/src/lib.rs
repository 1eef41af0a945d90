//! The package of the tests in `tests/guide`, which make a project of the template and try it.
//! Nothing else uses this crate, and nothing is in it.
