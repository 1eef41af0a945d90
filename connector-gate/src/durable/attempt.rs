//! What an attempt is called in the store: the same in every process and in every release.
//! `create/identity.rs` has the same notion of it for this process alone, by a quicker hash.

use connector_core::CallContext;
use connector_core::host::CreateRequest;
use connector_core::idempotency::IdempotencyKey;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::state_store::Attempt;

/// Stands in front of everything hashed; another derivation takes another number.
const DERIVATION: &str = "flyte-connector/attempt/1";

/// The attempt that a create is of, without its request; none where it names no execution.
pub(super) fn of(context: &CallContext, request: &CreateRequest) -> Option<Attempt> {
    let identity = request.execution.as_deref()?.execution_identity()?;
    let (key, previous) = request.idempotency_keys(context.flyte);
    let content = content(request);
    let version = context.key.version;
    let row = |key: IdempotencyKey| {
        let task_type = context.key.task_type.as_str().as_bytes();
        let fields =
            [DERIVATION.as_bytes(), task_type, &version.to_be_bytes(), key.as_str().as_bytes()];
        hex(&digest(fields.into_iter().chain([content.as_slice()])))
    };
    Some(Attempt {
        key: row(key?),
        previous: previous.map(row),
        task_type: context.key.task_type.to_string(),
        version,
        run: identity.name.to_owned(),
        request: None,
    })
}

/// Settings and inputs, which have any order. What else a template says may differ between two sendings.
fn content(request: &CreateRequest) -> [u8; 32] {
    let inputs = request.inputs.iter();
    let mut inputs: Vec<[u8; 32]> = inputs
        .map(|(name, literal)| digest([name.as_bytes(), literal.encode_to_vec().as_slice()]))
        .collect();
    inputs.sort_unstable();
    let custom = request.template.custom.as_ref().map(Message::encode_to_vec).unwrap_or_default();
    digest(inputs.iter().map(<[u8; 32]>::as_slice).chain([custom.as_slice()]))
}

/// Every field has its length in front (8 bytes, the highest first), so that no two lists read the same.
fn digest(fields: impl IntoIterator<Item: AsRef<[u8]>>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in fields {
        let field = field.as_ref();
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

fn hex(digest: &[u8]) -> String {
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
