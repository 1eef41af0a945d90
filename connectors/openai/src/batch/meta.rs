//! The metadata of a batch, in the spelling of whoever created it: Flyte 1's connector pickles an object,
//! and replicas of it must be able to read what is written here.

use bytes::Bytes;
use connector_core::prelude::*;
use connector_core::{Flyte, MetaError, ResourceMeta};

use super::pickle;

/// What later calls need to find the batch again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchJob {
    /// OpenAI's id of the batch.
    pub batch_id: String,
    /// The organization that is charged, if the task names one.
    pub openai_org: Option<String>,
    /// Which Flyte created it.
    pub created_by: Flyte,
}

/// As Python would spell it for a dataclass.
#[derive(Debug, Serialize, Deserialize)]
struct Spelled {
    openai_org: Option<String>,
    batch_id: String,
}

impl ResourceMeta for BatchJob {
    fn encode(&self) -> Result<Bytes, MetaError> {
        let Self { batch_id, openai_org, created_by } = self;
        match created_by {
            Flyte::V1 => Ok(pickle::write(openai_org.as_deref(), batch_id).into()),
            Flyte::V2 => {
                Spelled { openai_org: openai_org.clone(), batch_id: batch_id.clone() }.encode()
            }
        }
    }

    fn decode(bytes: Bytes) -> Result<Self, MetaError> {
        if pickle::is_one(&bytes) {
            let pairs = pickle::read(&bytes).map_err(MetaError::new)?;
            let text = |name: &str| pairs.iter().find(|(known, _)| known == name)?.1.clone();
            let batch_id = text("batch_id")
                .ok_or_else(|| MetaError::new("the pickled resource_meta has no `batch_id`"))?;
            return Ok(Self { batch_id, openai_org: text("openai_org"), created_by: Flyte::V1 });
        }
        let Spelled { openai_org, batch_id } = Spelled::decode(bytes)?;
        Ok(Self { batch_id, openai_org, created_by: Flyte::V2 })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use connector_core::{Flyte, ResourceMeta as _};

    use super::BatchJob;

    #[test]
    fn metadata_are_read_in_both_spellings_and_stay_in_theirs() {
        for created_by in [Flyte::V1, Flyte::V2] {
            for openai_org in [None, Some("acme".to_owned())] {
                let job = BatchJob { batch_id: "batch_1".to_owned(), openai_org, created_by };
                let bytes = job.encode().unwrap();
                assert_eq!(bytes.starts_with(b"{"), created_by == Flyte::V2);
                assert_eq!(BatchJob::decode(bytes).unwrap(), job);
            }
        }
    }

    #[test]
    fn what_is_neither_is_told() {
        for bytes in ["", "{}", "batch_1", "\u{80}"] {
            BatchJob::decode(Bytes::from_static(bytes.as_bytes())).unwrap_err();
        }
    }
}
