//! `echo`: succeeds at once and gives every input back as the output of the same name.
//! It shows metadata in a form of one's own, and inputs that stay literals.
//! Large inputs make large metadata, which Flyte keeps in its state: do not copy that part.

use bytes::Bytes;
use connector_core::prelude::*;
use connector_core::{MetaError, NamedLiterals, ResourceMeta};
use prost::Message;

/// The inputs themselves, as the wire has them: no literal is taken apart, so none can change.
#[derive(Debug, Clone)]
pub struct EchoedInputs(NamedLiterals);

impl ResourceMeta for EchoedInputs {
    fn encode(&self) -> Result<Bytes, MetaError> {
        let literals = self.0.clone().into_entries();
        Ok(pb::task::Inputs { literals, ..Default::default() }.encode_to_vec().into())
    }

    fn decode(bytes: Bytes) -> Result<Self, MetaError> {
        pb::task::Inputs::decode(bytes)
            .map(|inputs| Self(inputs.literals.into()))
            .map_err(|error| MetaError::new(format!("resource_meta cannot be decoded: {error}")))
    }
}

/// The connector.
#[connector(task_type = "echo", meta = EchoedInputs)]
#[derive(Debug, Default)]
pub struct Echo;

impl AsyncConnector for Echo {
    async fn create(&self, task: CreateTask<Self>) -> Result<EchoedInputs> {
        Ok(EchoedInputs(task.inputs.into_literals()))
    }

    async fn get(&self, job: &EchoedInputs, _cx: &TaskContext<Self>) -> Result<Resource> {
        Ok(Resource::succeeded(DynamicOutputs::from(job.0.clone())))
    }

    async fn delete(&self, _job: &EchoedInputs, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}
