//! Which creates are the same: one attempt of one node of one execution, with the same task.
//! `create/mod.rs` finds flights and answers by it.

use std::hash::{DefaultHasher, Hash, Hasher};

use connector_core::ConnectorKey;
use connector_core::erased::CreateRequest;
use prost::Message;

use crate::gate::memory::Key;

/// An attempt, as far as a create tells it. A create that names no execution has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    connector: ConnectorKey,
    execution: [String; 5],
    attempt: u32,
    content: u64,
}

impl Identity {
    pub(crate) fn of(request: &CreateRequest) -> Option<Self> {
        let id = request.execution.as_ref()?.id.as_ref()?;
        let node = id.node_execution_id.as_ref()?;
        let execution = node.execution_id.as_ref()?;
        if execution.name.is_empty() {
            return None;
        }
        let names = [
            &execution.org,
            &execution.project,
            &execution.domain,
            &execution.name,
            &node.node_id,
        ];
        Some(Self {
            connector: request.call.key.clone(),
            execution: names.map(Clone::clone),
            attempt: id.retry_attempt,
            content: content(request),
        })
    }

    pub(crate) fn key(&self) -> Key {
        self.key_of(self.attempt)
    }

    /// The key of the attempt before.
    pub(crate) fn previous(&self) -> Option<Key> {
        self.attempt.checked_sub(1).map(|attempt| self.key_of(attempt))
    }

    fn key_of(&self, attempt: u32) -> Key {
        let Self { connector, execution, content, .. } = self;
        Key::of((connector.task_type.as_str(), connector.version, execution, attempt, content))
    }
}

/// Settings and inputs. A repeated create has the same ones, in any order; a client that gives
/// every task one execution identity should still get a job for each. The rest of the template is
/// left out: paths rendered into a container's arguments may differ between two sendings.
fn content(request: &CreateRequest) -> u64 {
    let mut inputs = 0_u64;
    let mut bytes = Vec::new();
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
