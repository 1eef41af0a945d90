//! A task, whichever of its attempts a create is of. The server ends every earlier attempt by it.
//! `idempotency` makes it of a create; attempts have keys of their own.

use super::ExecutionIdentity;
use super::digest::{digest, hex};

/// Stands in front of everything hashed; another derivation takes another number.
const DERIVATION: &str = "flyte-connector/task/1";

/// What all attempts of one task of one execution have in common, and nothing else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskOfRun<'a> {
    /// The same for all attempts.
    identity: ExecutionIdentity<'a>,
    /// Under Flyte 1 where the outputs of all attempts go.
    folder: &'a str,
}

impl<'a> TaskOfRun<'a> {
    /// The task with an attempt of that identity.
    pub(super) const fn new(identity: ExecutionIdentity<'a>, folder: &'a str) -> Self {
        Self { identity: ExecutionIdentity { attempt: 0, ..identity }, folder }
    }

    /// A name for it that is the same in every process and release: 64 hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        let fields = self.identity.fields();
        hex(&digest([DERIVATION].iter().chain(&fields).chain([&self.folder])))
    }
}
