//! What callers of create are told: the job, a job that reports failure, or an error.
//! The cap on resource metadata is here too: what Flyte cannot keep, nobody can follow.

use std::sync::Arc;

use bytes::Bytes;
use connector_core::ConnectorError;
use connector_core::host::CallError;
use connector_core::policy::CreateErrors;

use super::Creates;
use super::failed_job;
use super::flight::{Flight, Outcome};
use crate::failure::Cause;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::verdict::{self, Verdict};

impl Creates {
    /// Why this metadata must not be handed out, if there is a reason.
    fn problem(&self, meta: &[u8], flight: &Flight) -> Option<String> {
        let (size, most) = (meta.len(), self.site.policy().max_meta_bytes);
        if size > most {
            return Some(format!(
                "the resource metadata has {size} bytes and may have {most} (the policy's \
                 `max_meta_bytes`)"
            ));
        }
        let place = self.site.secret_in(meta, flight.connection.as_ref())?;
        Some(format!("{place} holds a secret, and Flyte would store it"))
    }

    /// What callers are told of metadata that must not be handed out.
    fn without_its_job(
        self: &Arc<Self>,
        problem: &str,
        meta: Bytes,
        flight: &Arc<Flight>,
        observer: &Arc<dyn Observer>,
    ) -> Cause {
        if self.site.is_sync {
            return Cause::from(ConnectorError::permanent(format!(
                "{problem}; it holds what the task ended with until Flyte 2 asks, so put large outputs \
                 into storage and answer `Outputs::WrittenByTask`"
            )));
        }
        // The job exists, and nobody will be able to say which one it is.
        self.cancel_later(flight, meta, observer);
        Cause::from(ConnectorError::permanent(format!(
            "{problem}, so the job was cancelled; keep only what finds the job again in the resource \
             metadata"
        )))
    }

    pub(super) fn judge(
        self: &Arc<Self>,
        made: Result<Bytes, Cause>,
        flight: &Arc<Flight>,
        observer: &Arc<dyn Observer>,
    ) -> Outcome {
        let cause = match made {
            Ok(meta) => {
                let Some(problem) = self.problem(&meta, flight) else {
                    return Outcome::Created(meta);
                };
                self.without_its_job(&problem, meta, flight, observer)
            }
            Err(cause) => cause,
        };
        // What is said of a secret ends here: what follows travels.
        let error = match cause {
            Cause::Call(error) => error,
            Cause::Panicked(message) => {
                let message = self.site.scrubbed_text(message, flight.connection.as_ref());
                return Outcome::Failed(Arc::new(Cause::Panicked(message)));
            }
            other => return Outcome::Failed(Arc::new(other)),
        };
        let error = self.site.scrubbed(error, flight.connection.as_ref());
        let as_job = self.site.policy().create_errors == CreateErrors::FailedJob
            && verdict::of(Operation::Create, &error) == Verdict::FailedJob;
        match error {
            CallError::Connector(error) if as_job => {
                let kind = error.kind().as_str();
                observer.error_as_job(Operation::Create, kind, error.message());
                let key = &flight.context.key;
                tracing::warn!(%key, kind, "no job is created; the task will report FAILED: {error}");
                Outcome::FailedJob(failed_job::remember(
                    kind,
                    &self.site.texts.capped(error.message().to_owned()),
                ))
            }
            error => Outcome::Failed(Arc::new(Cause::Call(error))),
        }
    }
}
