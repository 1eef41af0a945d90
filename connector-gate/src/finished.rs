//! Rules of tasks that are done within one call: how they ended, and what callers are told of it.
//! `gate` runs them for Flyte 1. Where Flyte knows only jobs, a create runs them (`create`), and what they
//! ended with travels in resource metadata of the server's own until the first poll.

use bytes::Bytes;
use connector_core::host::{CallError, CreateRequest, ErasedResource};
use connector_core::policy::CreateErrors;
use connector_core::{ConnectorKey, ErrorKind, pb};

use crate::answer;
use crate::answer_bytes;
use crate::call::Call;
use crate::failure::Cause;
use crate::operation::Operation;
use crate::outputs::Declared;
use crate::site::Site;
use crate::verdict::{self, Verdict};

/// How a task ended.
#[derive(Debug)]
pub struct Finished {
    /// Its last state.
    pub resource: ErasedResource,
    /// The kind of error that became this state, if it was one.
    pub error: Option<ErrorKind>,
}

/// Runs a task. It has no identity to be known by: asked twice, it runs twice.
///
/// # Errors
/// Errors that a repetition can help, a panic, a passed deadline, a phase that is not final.
///
/// # Cancel safety
/// The connector's call ends at its current `.await`.
pub(crate) async fn run(
    site: &Site,
    request: CreateRequest,
    call: &Call,
) -> Result<Finished, Cause> {
    let connection = request.connection.clone();
    let connection = connection.as_ref();
    let declared = Declared::checked_by(&site.policy(), &request.template);
    let stopped = |interrupted| site.cause(interrupted, call, connection);
    site.turn(connection, call.deadline).await.map_err(stopped)?;
    let context = call.context.clone();
    let ran = site
        .call(Operation::Run, call.deadline, &*call.observer, |connector| async move {
            connector.run(request, context).await
        })
        .await
        .map_err(stopped)?;
    let error = match ran {
        Ok(resource) => {
            let resource = ended(site, resource, declared.as_ref(), connection, &call.context.key)?;
            return Ok(Finished { resource, error: None });
        }
        Err(error) => site.scrubbed(error, connection),
    };
    match error {
        CallError::Connector(error) if site.policy().create_errors == CreateErrors::FailedJob => {
            let kind = error.kind();
            let told = site.texts.capped(error.message().to_owned());
            let resource = match verdict::of_kind(Operation::Run, kind) {
                Verdict::FailedJob => answer::failed(told),
                Verdict::RetryableJob => answer::retryable(told),
                Verdict::Error | Verdict::Again | Verdict::Done => return Err(error.into()),
            };
            call.observer.error_as_job(Operation::Run, kind.as_str(), &resource.message);
            tracing::warn!(key = %call.context.key, "the task is reported as {}: {error}",
                resource.phase);
            Ok(Finished { resource, error: Some(kind) })
        }
        error => Err(error.into()),
    }
}

/// How a task ended, as it may be told.
///
/// # Errors
/// It has not ended: a mistake in the connector.
pub(crate) fn ended(
    site: &Site,
    resource: ErasedResource,
    declared: Option<&Declared>,
    connection: Option<&pb::Connection>,
    key: &ConnectorKey,
) -> Result<ErasedResource, Cause> {
    if !resource.phase.is_terminal() {
        return Err(Cause::NotFinal(resource.phase));
    }
    let resource = site.tellable(resource, connection);
    Ok(match declared {
        Some(declared) => declared.held_against(resource, key, site.texts),
        None => resource,
    })
}

/// How such metadata begins. A connector's own begins with its first field.
const HEAD: &[u8] = b"flyte_connector_finished_at_create/1\n";

/// The metadata of a job that was finished when it was created.
pub(crate) fn remember(resource: ErasedResource) -> Bytes {
    let mut meta = HEAD.to_vec();
    answer_bytes::write(resource, &mut meta);
    meta.into()
}

/// The finished job, if the metadata is that of one. Anybody can have written what it says.
pub(crate) fn recall(resource_meta: &[u8], site: &Site) -> Option<ErasedResource> {
    let mut resource = answer_bytes::read(resource_meta.strip_prefix(HEAD)?)?;
    resource.message = site.texts.shortened(resource.message);
    resource.phase.is_terminal().then_some(resource)
}
