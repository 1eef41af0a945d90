//! Rule: a job the outside system does not know is a failed job on get, and done on delete.
//! As an error it would be polled until the executor wedges it, or deleted for ever.

use connector_core::ErrorKind;
use connector_core::erased::{CallError, ErasedResource};

/// On get: the job reports FAILED with the connector's message.
pub(crate) fn on_get(error: CallError) -> Result<ErasedResource, CallError> {
    match error {
        CallError::Connector(error) if error.kind() == ErrorKind::NotFound => {
            Ok(super::failed(error.message().to_owned()))
        }
        other => Err(other),
    }
}

/// On delete: a success.
pub(crate) fn on_delete(error: CallError) -> Result<(), CallError> {
    match error {
        CallError::Connector(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::erased::CallError;
    use connector_core::{ConnectorError, Phase};

    use super::{on_delete, on_get};

    #[test]
    fn an_unknown_job_is_failed_or_gone() {
        let unknown = || CallError::Connector(ConnectorError::not_found("no job j-1"));
        let resource = on_get(unknown()).expect("an answer");
        assert_eq!((resource.phase, resource.message.as_str()), (Phase::Failed, "no job j-1"));
        assert!(on_delete(unknown()).is_ok());
        let other = || CallError::Connector(ConnectorError::permanent("403"));
        assert!(on_get(other()).is_err());
        assert!(on_delete(other()).is_err());
    }
}
