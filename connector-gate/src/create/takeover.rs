//! Rule: a create whose owner died over it is neither repeated nor given up blindly.
//! Where the outside system knows keys it is made again and gives the same job; where the connector finds jobs
//! by their key it is asked first; where it can do neither, the policy decides.

use std::sync::Arc;

use bytes::Bytes;
use connector_core::host::{CreateRequest, DynConnector, FindRequest};
use connector_core::policy::{Recovery, Takeover};
use connector_core::{CallContext, ConnectorError, ConnectorKey, Flyte};
use tokio::time::Instant;

use super::Creates;
use super::abandoned::ONE_TRY;
use super::flight::Flight;
use crate::deadline::after;
use crate::durable::Durable;
use crate::failure::Cause;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::state_store::Attempt;

/// A create as it is called and recorded.
#[derive(Clone, Copy)]
pub(super) struct Flown<'a> {
    pub(super) durable: &'a Durable,
    pub(super) attempt: &'a Attempt,
    pub(super) flight: &'a Arc<Flight>,
    pub(super) observer: &'a Arc<dyn Observer>,
}

/// How a claimed create ended.
pub(super) enum Made {
    /// So, and the claim with it.
    Known(Result<Bytes, Cause>),
    /// Callers get the cause, and the next create of the attempt has to find out.
    Unsure(Cause),
}

impl Creates {
    /// Creates the job of a claimed attempt. With `taken_over` it may be there already.
    pub(super) async fn made_or_found(
        self: &Arc<Self>,
        flown: Flown<'_>,
        request: CreateRequest,
        taken_over: bool,
    ) -> Made {
        let Flown { flight, observer, .. } = flown;
        if taken_over {
            let question = question(flight.context.flyte, &request);
            match self.job_before(flown, question).await {
                Ok(None) => {}
                Ok(Some(meta)) => return Made::Known(Ok(meta)),
                Err(error) => return Made::Unsure(error.into()),
            }
        }
        let stopped = after(self.site.policy().create_limit);
        match self.made_there(flight.context.clone(), request, observer).await {
            // Stopped in the middle: by its own fault, by the end of the process, by its time.
            Err(cause @ (Cause::Panicked(_) | Cause::Ending)) => Made::Unsure(cause),
            Err(cause) if Instant::now() >= stopped => Made::Unsure(cause),
            known => Made::Known(known),
        }
    }

    /// The job that the owner before may have made, if it is to be had. None where it is to be created.
    async fn job_before(
        &self,
        flown: Flown<'_>,
        question: Option<FindRequest>,
    ) -> Result<Option<Bytes>, ConnectorError> {
        let Flown { durable, flight, observer, .. } = flown;
        let takeover = self.site.policy().takeover;
        match (durable.recovery, takeover) {
            (Recovery::Keys, _) => {
                observer.taken_over("keys");
                Ok(None)
            }
            (Recovery::Find, _) => {
                let flyte = flight.context.flyte;
                let found = self.found(&flight.context.key, question, flyte, &**observer).await;
                let found = found.map_err(|problem| {
                    ConnectorError::transient(format!(
                        "a server died while it created the job of this attempt, and whether there is \
                         one is not known yet: {problem}"
                    ))
                })?;
                observer.taken_over(if found.is_some() { "found" } else { "not_found" });
                Ok(found)
            }
            (Recovery::Neither, Takeover::Create) => {
                observer.taken_over("blind");
                tracing::warn!(key = %flight.context.key, run = %flown.attempt.run, "a server died while \
                    it created the job of an attempt; it is created again, beside the one that may be \
                    there");
                Ok(None)
            }
            (Recovery::Neither, Takeover::Fail) => {
                observer.taken_over("refused");
                Err(ConnectorError::retryable(
                    "a server died while it created the job of this attempt, and nobody knows whether \
                     there is one, so none is created (the policy's `takeover`)",
                ))
            }
        }
    }

    /// Asks the connector for the job of an attempt.
    ///
    /// # Errors
    /// Why that is not known, without secrets.
    pub(super) async fn found(
        &self,
        key: &ConnectorKey,
        question: Option<FindRequest>,
        flyte: Flyte,
        observer: &dyn Observer,
    ) -> Result<Option<Bytes>, String> {
        let question = question.ok_or("the attempt has no key")?;
        let connection = question.connection.clone();
        let connection = connection.as_ref();
        let deadline = after(ONE_TRY);
        let context = CallContext::new(key.clone()).deadline(deadline.into_std()).flyte(flyte);
        let found = match self.site.turn(connection, deadline).await {
            Ok(()) => {
                let find = |connector: Arc<dyn DynConnector>| async move {
                    connector.find(question, context).await
                };
                self.site.call(Operation::Create, deadline, observer, find).await
            }
            Err(interrupted) => Err(interrupted),
        };
        match found {
            Ok(found) => found.map_err(|error| self.site.scrubbed(error, connection).to_string()),
            Err(interrupted) => {
                Err(self.site.scrubbed_text(format!("{interrupted:?}"), connection))
            }
        }
    }
}

/// The question for the job that a create may have made; none where the create has no key.
pub(super) fn question(flyte: Flyte, request: &CreateRequest) -> Option<FindRequest> {
    Some(FindRequest {
        key: request.idempotency_key(flyte)?,
        output_prefix: request.output_prefix.clone(),
        connection: request.connection.clone(),
    })
}
