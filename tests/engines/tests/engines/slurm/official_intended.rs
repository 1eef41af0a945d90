//! Where ours is meant to differ from the official connector of Slurm, version 2.12.1, and why.

use interop_tests::differential::Intended;

pub(crate) const TABLE: &[Intended] = &[];
