//! The one call of a create that reaches the connector, at the account's pace and with an end.

use std::sync::Arc;

use bytes::Bytes;
use connector_core::host::{CallError, CreateRequest};
use connector_core::{CallContext, ConnectorError, pb};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Creates;
use crate::deadline::after;
use crate::failure::Cause;
use crate::finished;
use crate::isolation::caught;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::outputs::Declared;
use crate::outside_call::{Answered as _, OutsideCall};

impl Creates {
    /// Calls the connector, whoever still waits for it.
    pub(super) async fn made(
        &self,
        context: CallContext,
        connection: Option<&pb::Connection>,
        request: CreateRequest,
        observer: &Arc<dyn Observer>,
    ) -> Result<Bytes, Cause> {
        let limit = self.site.policy().create_limit;
        let until = after(limit);
        let connector = Arc::clone(&self.site.connector);
        let key = context.key.clone();
        let mut outside = None;
        let made = async {
            let Ok(_permit) = self.site.workplace.permits().acquire_owned().await else {
                return Err(Cause::Ending);
            };
            if self.site.turn(connection, until).await.is_err() {
                return Err(Cause::from(ConnectorError::transient(
                    "the account's calls per second are used up",
                )));
            }
            outside = Some(OutsideCall::begin(Operation::Create, &**observer));
            if self.site.is_sync {
                let declared = Declared::checked_by(&self.site.policy(), &request.template);
                let ran = caught(connector.run(request, context)).await;
                told(&mut outside, word(&ran), observer);
                let resource = ran.map_err(Cause::Panicked)?.map_err(Cause::Call)?;
                let ended =
                    finished::ended(&self.site, resource, declared.as_ref(), connection, &key);
                return ended.map(finished::remember);
            }
            let created = caught(connector.create(request, context)).await;
            told(&mut outside, word(&created), observer);
            created.map_err(Cause::Panicked)?.map_err(Cause::Call)
        };
        let made = timeout(limit, made).await;
        made.unwrap_or_else(|_elapsed| {
            told(&mut outside, Some("timeout"), observer);
            tracing::error!(%key, "a create took longer than {limit:?} and was stopped; if the \
                outside system has made a job by now, nobody knows of it");
            Err(Cause::from(ConnectorError::retryable(format!(
                "the connector did not finish creating the job within {limit:?} \
                 (the policy's `create_limit`)"
            ))))
        })
    }

    /// The same from the server's threads. [`Cause::Ending`] where the connector's threads ended over it.
    pub(super) async fn made_there(
        self: &Arc<Self>,
        context: CallContext,
        request: CreateRequest,
        observer: &Arc<dyn Observer>,
    ) -> Result<Bytes, Cause> {
        let (tell, told) = oneshot::channel();
        let (creates, observer) = (Arc::clone(self), Arc::clone(observer));
        self.site.workplace.detach(async move {
            let connection = request.connection.clone();
            let made = creates.made(context, connection.as_ref(), request, &observer).await;
            // Nobody listens any more where the process ends.
            tell.send(made).ok();
        });
        told.await.unwrap_or(Err(Cause::Ending))
    }
}

/// Tells that a call has ended, if one was made.
fn told(
    outside: &mut Option<OutsideCall>,
    error: Option<&'static str>,
    observer: &Arc<dyn Observer>,
) {
    if let Some(call) = outside.take() {
        call.end_with(error, &**observer);
    }
}

/// The word for how a create failed, if it did.
fn word<T>(made: &Result<Result<T, CallError>, String>) -> Option<&'static str> {
    match made {
        Ok(answer) => answer.error(),
        Err(_) => Some("panic"),
    }
}
