//! Attempts of Flyte 1: what tells one from every other there.
//! `idempotency` asks for those calls; how a key is hashed is told there.
//!
//! A node's id is unique only inside its own workflow or subworkflow, and items of an array node begin
//! anew at `n0`, while execution name and attempt are shared by all of them. Only the output prefix has
//! the whole path. It is the folder of the node and then the number of the attempt.

use super::task::TaskOfRun;
use super::{ExecutionIdentity, IdempotencyKey};

/// One attempt of one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    identity: ExecutionIdentity<'a>,
    /// The folder of the node; the whole prefix, if that ends in no number.
    folder: &'a str,
    /// The number in the prefix.
    number: Option<u32>,
}

impl<'a> Attempt<'a> {
    /// The attempt of that identity whose outputs go there; `None` without a prefix, which leaves no more
    /// to tell attempts apart by than Flyte 2 has.
    pub(super) fn of(identity: ExecutionIdentity<'a>, output_prefix: &'a str) -> Option<Self> {
        let prefix = output_prefix.trim_end_matches('/');
        if prefix.is_empty() {
            return None;
        }
        let numbered = prefix.rsplit_once('/').and_then(|(folder, last)| {
            // As it is written: `01` is the name of something else.
            let number = last.parse::<u32>().ok().filter(|number| number.to_string() == last)?;
            Some((folder, number))
        });
        Some(match numbered {
            Some((folder, number)) => Self { identity, folder, number: Some(number) },
            None => Self { identity, folder: prefix, number: None },
        })
    }

    /// The attempt before this one; `None` for the first.
    pub(super) fn previous(self) -> Option<Self> {
        let identity = self.identity;
        match self.number {
            Some(number) => {
                let attempt = identity.attempt.saturating_sub(1);
                let number = Some(number.checked_sub(1)?);
                Some(Self { identity: ExecutionIdentity { attempt, ..identity }, number, ..self })
            }
            None => Some(Self { identity: identity.previous()?, ..self }),
        }
    }

    /// The task whose attempt it is, and its number there.
    pub(super) fn task(self) -> (TaskOfRun<'a>, u32) {
        let number = self.number.unwrap_or(self.identity.attempt);
        (TaskOfRun::new(self.identity, self.folder), number)
    }

    pub(super) fn key(&self) -> IdempotencyKey {
        let [org, project, domain, name, node_id] = self.identity.fields();
        let attempt = self.identity.attempt.to_string();
        let number = self.number.map(|number| number.to_string()).unwrap_or_default();
        let fields = [org, project, domain, name, node_id, &attempt, self.folder, &number];
        IdempotencyKey::hash("execution of Flyte 1", &fields)
    }
}
