//! The one call of a create that reaches the connector, at the account's pace and with an end.

use std::sync::Arc;

use bytes::Bytes;
use connector_core::host::CreateRequest;
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

impl Creates {
    /// Calls the connector, whoever still waits for it.
    pub(super) async fn made(
        &self,
        context: CallContext,
        connection: Option<&pb::Connection>,
        request: CreateRequest,
        observer: &Arc<dyn Observer>,
    ) -> Result<Bytes, Cause> {
        let limit = self.site.policy.create_limit;
        let until = after(limit);
        let connector = Arc::clone(&self.site.connector);
        let key = context.key.clone();
        let made = async {
            let Ok(_permit) = self.site.workplace.permits().acquire_owned().await else {
                return Err(Cause::Ending);
            };
            if !self.site.rates.admit(connection, until).await {
                return Err(Cause::from(ConnectorError::transient(
                    "the account's calls per second are used up",
                )));
            }
            observer.outside_call(Operation::Create);
            if self.site.is_sync {
                let declared = Declared::checked_by(&self.site.policy, &request.template);
                let ran = caught(connector.run(request, context)).await;
                let resource = ran.map_err(Cause::Panicked)?.map_err(Cause::Call)?;
                let ended =
                    finished::ended(&self.site, resource, declared.as_ref(), connection, &key);
                return ended.map(finished::remember);
            }
            caught(connector.create(request, context))
                .await
                .map_err(Cause::Panicked)?
                .map_err(Cause::Call)
        };
        timeout(limit, made).await.unwrap_or_else(|_elapsed| {
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
