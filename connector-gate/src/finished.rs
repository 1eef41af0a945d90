//! Rules of tasks that are done within one call: how they ended, and what callers are told of it.
//! `gate` runs them for Flyte 1. Where Flyte knows only jobs, a create runs them (`create`), and what they
//! ended with travels in resource metadata of the server's own until the first poll.

use bytes::Bytes;
use connector_core::host::{CallError, CreateRequest, ErasedResource};
use connector_core::policy::CreateErrors;
use connector_core::{ConnectorKey, ErrorKind, LinkKind, MessageFormat, NamedLiterals, Outputs};
use connector_core::{Phase, TaskLog, pb};
use prost::Message;

use crate::answer;
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

/// The state of a finished task, as it is kept. Outputs that are not here are in storage, or nowhere.
#[derive(Clone, PartialEq, Message)]
struct Kept {
    #[prost(int32, tag = "1")]
    phase: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "4")]
    outputs: Option<pb::task::Outputs>,
    #[prost(message, optional, tag = "5")]
    custom_info: Option<prost_types::Struct>,
}

#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(string, tag = "1")]
    uri: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(int32, tag = "3")]
    format: i32,
    #[prost(int32, tag = "4")]
    kind: i32,
    #[prost(bool, tag = "5")]
    ready: bool,
    #[prost(bool, tag = "6")]
    show_while_pending: bool,
    #[prost(bool, tag = "7")]
    hide_once_finished: bool,
    #[prost(string, tag = "8")]
    icon_uri: String,
}

impl From<TaskLog> for Link {
    fn from(link: TaskLog) -> Self {
        Self {
            uri: link.uri,
            name: link.name,
            format: link.format as i32,
            kind: link.kind as i32,
            ready: link.ready,
            show_while_pending: link.show_while_pending,
            hide_once_finished: link.hide_once_finished,
            icon_uri: link.icon_uri,
        }
    }
}

impl From<Link> for TaskLog {
    fn from(link: Link) -> Self {
        let mut formats = [MessageFormat::Csv, MessageFormat::Json].into_iter();
        let mut kinds = [LinkKind::Dashboard, LinkKind::Ide].into_iter();
        Self::new(link.name, link.uri)
            .format(formats.find(|it| *it as i32 == link.format).unwrap_or_default())
            .kind(kinds.find(|it| *it as i32 == link.kind).unwrap_or_default())
            .ready(link.ready)
            .show_while_pending(link.show_while_pending)
            .hide_once_finished(link.hide_once_finished)
            .icon_uri(link.icon_uri)
    }
}

/// The metadata of a job that was finished when it was created.
pub(crate) fn remember(resource: ErasedResource) -> Bytes {
    let ErasedResource { phase, message, log_links, outputs, custom_info, .. } = resource;
    let outputs = outputs.into_inline().map(|outputs| pb::task::Outputs {
        literals: outputs.into_entries(),
        ..Default::default()
    });
    let kept = Kept {
        phase: phase as i32,
        message,
        links: log_links.into_iter().map(Link::from).collect(),
        outputs,
        custom_info: (!custom_info.fields.is_empty()).then_some(custom_info),
    };
    let mut meta = HEAD.to_vec();
    // A growing vector takes everything.
    kept.encode(&mut meta).ok();
    meta.into()
}

/// The finished job, if the metadata is that of one. Anybody can have written what it says.
pub(crate) fn recall(resource_meta: &[u8], site: &Site) -> Option<ErasedResource> {
    let kept = Kept::decode(resource_meta.strip_prefix(HEAD)?).ok()?;
    let phase = Phase::ALL.iter().copied().find(|phase| *phase as i32 == kept.phase)?;
    let mut resource = answer::resource(phase, site.texts.shortened(kept.message));
    resource.log_links = kept.links.into_iter().map(TaskLog::from).collect();
    resource.custom_info = kept.custom_info.unwrap_or_default();
    // Nothing here is what the job wrote itself, which is told in the same way.
    if let Some(outputs) = kept.outputs {
        resource.outputs = Outputs::Inline(NamedLiterals::from(outputs.literals));
    }
    phase.is_terminal().then_some(resource)
}
