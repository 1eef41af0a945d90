//! Which creates are the same: one attempt of one node of one execution, with the same task.
//! `create/mod.rs` finds flights and answers by it.

use std::hash::{DefaultHasher, Hash, Hasher};

use connector_core::CallContext;
use connector_core::host::CreateRequest;
use prost::Message;

use crate::memory::Key;

/// An attempt, as far as a create tells it. A create that names no execution has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) key: Key,
    /// What all attempts of its task share, and which of them it is; none where one tells nothing of the
    /// others.
    pub(crate) task: Option<(Key, u32)>,
}

impl Identity {
    pub(crate) fn of(context: &CallContext, request: &CreateRequest) -> Option<Self> {
        let attempt = request.execution.as_deref()?.execution_identity()?;
        let connector = (context.key.task_type.as_str(), context.key.version);
        let content = content(request);
        let Some((task, number)) = request.task(context.flyte) else {
            // Actions of one run that are not named apart are told apart by where their outputs go.
            let key = Key::of((connector, attempt, request.output_prefix.as_str(), content));
            return Some(Self { key, task: None });
        };
        let task = Key::of((connector, task, content));
        Some(Self { key: Key::of((task, attempt.attempt, number)), task: Some((task, number)) })
    }
}

/// Settings and inputs. A repeated create has the same ones, in any order; a client that gives
/// every task one execution identity should still get a job for each. The rest of the template is
/// left out: paths rendered into a container's arguments may differ between two sendings.
fn content(request: &CreateRequest) -> u64 {
    let mut inputs = 0_u64;
    // Most inputs and settings fit at once, and the larger ones make it grow once for all.
    let mut bytes = Vec::with_capacity(256);
    for (name, literal) in request.inputs.iter() {
        bytes.clear();
        // A growing vector takes everything.
        literal.encode(&mut bytes).ok();
        let mut hasher = DefaultHasher::new();
        (name, &bytes).hash(&mut hasher);
        inputs = inputs.wrapping_add(hasher.finish());
    }
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    if let Some(custom) = &request.template.custom {
        bytes.clear();
        custom.encode(&mut bytes).ok();
        bytes.hash(&mut hasher);
    }
    hasher.finish()
}
