//! Rule: resource metadata that cannot be read fails the job instead of the call.
//! The executor counts failed polls for the life of a job and then wedges it, and repeats a failing
//! delete for ever; no later call could read the same bytes any better.

use connector_core::erased::{CallError, ErasedResource};

/// On get: the job reports FAILED, saying why.
pub(crate) fn on_get(error: CallError) -> Result<ErasedResource, CallError> {
    match error {
        CallError::Meta(error) => {
            tracing::warn!(%error, "the job is reported as FAILED");
            Ok(super::failed(format!(
                "{error}. The job was created by another connector or by an incompatible version \
                 of this one, so it cannot be followed any more"
            )))
        }
        other @ CallError::Connector(_) => Err(other),
    }
}

/// On delete: a success, because nothing can be cancelled without knowing the job.
pub(crate) fn on_delete(error: CallError) -> Result<(), CallError> {
    match error {
        CallError::Meta(error) => {
            tracing::warn!(%error, "nothing was cancelled; the delete is answered as done");
            Ok(())
        }
        other @ CallError::Connector(_) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::erased::CallError;
    use connector_core::meta::MetaError;
    use connector_core::{ConnectorError, Phase};

    use super::{on_delete, on_get};

    #[test]
    fn fails_the_job_and_lets_the_delete_pass() {
        let unreadable = || CallError::Meta(MetaError::new("it is empty"));
        let resource = on_get(unreadable()).expect("an answer");
        assert_eq!(resource.phase, Phase::Failed);
        assert!(resource.message.starts_with("it is empty"), "{}", resource.message);
        assert!(on_delete(unreadable()).is_ok());
    }

    #[test]
    fn leaves_other_errors_alone() {
        let other = || CallError::Connector(ConnectorError::transient("503"));
        assert!(on_get(other()).is_err());
        assert!(on_delete(other()).is_err());
    }
}
