//! What another service's answers and errors mean, as a connector of ours would say it.
//! `forward` reads them here. The Python service says INTERNAL for everything that goes wrong.

use connector_core::host::{CallError, ErasedResource};
use connector_core::logs::{LogLine, LogPage};
use connector_core::metrics::Metric;
use connector_core::pb::{Literal, literal, scalar};
use connector_core::{
    ConnectorError, LinkKind, MessageFormat, NamedLiterals, Outputs, Phase, Resource, TaskLog,
};
use tonic::{Code, Status};

use crate::pb;
use crate::pb::get_task_logs_response::Part;

/// The state of a job.
pub(super) fn resource(answer: pb::GetTaskResponse) -> Result<ErasedResource, CallError> {
    let Some(told) = answer.resource else {
        return Err(ConnectorError::transient("the answer carries no resource").into());
    };
    let pb::Resource { phase, outputs, message, log_links, custom_info } = told;
    let known = Phase::ALL.iter().copied().find(|known| *known as i32 == phase);
    let mut resource = Resource::new(known.unwrap_or(Phase::Running)).message(message);
    if known.is_none() {
        resource.unknown_state = Some(format!("phase {phase}"));
    }
    resource.log_links = log_links.into_iter().map(link).collect();
    // Absent and empty outputs differ: absent ones are read from storage by the executor.
    resource.outputs = match outputs {
        Some(outputs) => Outputs::Inline(NamedLiterals::from(outputs.literals)),
        None => Outputs::WrittenByTask,
    };
    resource.custom_info = custom_info.unwrap_or_default();
    Ok(resource)
}

/// The outputs that are pickles, by name. The Python service (flyte 2.12.1) pickles a list or a tuple, whatever
/// the task declares, and a task that takes it as declared fails (`flyte-connector-lists-arrive-as-pickles.sh`).
pub(super) fn pickled(resource: &ErasedResource) -> Vec<&str> {
    let Outputs::Inline(outputs) = &resource.outputs else { return Vec::new() };
    outputs.iter().filter(|(_, output)| is_pickle(output)).map(|(name, _)| name).collect()
}

fn is_pickle(output: &Literal) -> bool {
    let Some(literal::Value::Scalar(scalar)) = &output.value else { return false };
    matches!(&scalar.value, Some(scalar::Value::Binary(binary)) if binary.tag.is_empty())
}

fn link(link: connector_core::pb::TaskLog) -> TaskLog {
    let formats = [MessageFormat::Csv, MessageFormat::Json];
    let format = formats.into_iter().find(|format| *format as i32 == link.message_format);
    let kinds = [LinkKind::Dashboard, LinkKind::Ide];
    let kind = kinds.into_iter().find(|kind| *kind as i32 == link.link_type);
    TaskLog::new(link.name, link.uri)
        .format(format.unwrap_or_default())
        .kind(kind.unwrap_or_default())
        .ready(link.ready)
        .show_while_pending(link.show_while_pending)
        .hide_once_finished(link.hide_once_finished)
        .icon_uri(link.icon_uri)
}

/// One message of a log.
pub(crate) fn page(message: pb::GetTaskLogsResponse) -> LogPage {
    match message.part {
        Some(Part::Body(body)) => LogPage::new(lines(body)),
        Some(Part::Header(header)) => LogPage::new([]).next_token(header.token),
        None => LogPage::new([]),
    }
}

/// The lines of a body. Services of old fill only the deprecated field.
fn lines(body: pb::GetTaskLogsResponseBody) -> Vec<LogLine> {
    #[expect(deprecated, reason = "services other than this one still fill it")]
    let pb::GetTaskLogsResponseBody { results, lines } = body;
    if lines.is_empty() {
        return results.into_iter().map(|line| LogLine::unknown(None, line)).collect();
    }
    let read = lines.into_iter().map(|line| {
        let timestamp = line.timestamp.and_then(|at| at.try_into().ok());
        match line.originator {
            1 => LogLine::user(timestamp, line.message),
            2 => LogLine::system(timestamp, line.message),
            _ => LogLine::unknown(timestamp, line.message),
        }
    });
    read.collect()
}

pub(super) fn metric(result: connector_core::pb::ExecutionMetricResult) -> Metric {
    Metric::new(result.metric, result.data.unwrap_or_default())
}

/// Why a job was not made: the next attempt may find it otherwise.
pub(super) fn not_created(service: &str, status: &Status) -> CallError {
    ConnectorError::retryable(text(service, status)).into()
}

/// Why the state of a job is not known, or its cancelling did not work out. Neither says anything
/// about the job: a service that does not know the connector may know it again after its next start.
pub(super) fn unknown(service: &str, status: &Status) -> CallError {
    ConnectorError::transient(text(service, status)).into()
}

/// Why a question about a job was not answered.
pub(super) fn unanswered(service: &str, status: &Status) -> ConnectorError {
    let text = text(service, status);
    match status.code() {
        Code::Unimplemented => ConnectorError::unsupported(text),
        Code::InvalidArgument | Code::OutOfRange => ConnectorError::invalid_task(text),
        Code::NotFound => ConnectorError::not_found(text),
        _ => ConnectorError::transient(text),
    }
}

/// Whether whoever was asked has gone before it said anything, so that nobody knows what it did.
pub(super) fn is_gone(status: &Status) -> bool {
    std::error::Error::source(status).is_some() || status.code() == Code::Unavailable
}

/// What the service said; or, where nobody said anything, why not.
pub(super) fn text(service: &str, status: &Status) -> String {
    let Some(source) = std::error::Error::source(status) else {
        return match (bare(status.message()), status.code()) {
            ("", code) => format!("{service} answered {code:?}"),
            (said, _) => said.to_owned(),
        };
    };
    let cause = root_cause(source);
    // What HTTP/2 says of whoever speaks something else.
    let is_other = cause.starts_with("connection error detected");
    let asks = if is_other { " (is that a gRPC service, without TLS?)" } else { "" };
    format!("{service} does not answer: {cause}{asks}")
}

/// What is at the bottom of an error: tonic's own text says only where it happened.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

/// What went wrong, without the sentence that the official service, and this one, put around it: it will
/// be put around it again.
fn bare(said: &str) -> &str {
    let inside = said
        .strip_prefix("failed to ")
        .and_then(|rest| rest.split_once(" task with error:\n "))
        .filter(|(call, _)| call.split(' ').count() == 2)
        .map(|(_, inside)| inside.strip_suffix('.').unwrap_or(inside));
    inside.unwrap_or(said)
}

#[cfg(test)]
mod tests {
    use connector_core::host::CallError;
    use connector_core::{ErrorKind, Outputs, Phase, pb as core_pb};
    use tonic::{Code, Status};

    use super::{bare, not_created, page, pickled, resource, unanswered, unknown};
    use crate::pb;

    fn told(phase: i32) -> pb::GetTaskResponse {
        let resource = pb::Resource { phase, message: "m".to_owned(), ..Default::default() };
        pb::GetTaskResponse { resource: Some(resource) }
    }

    #[test]
    fn phases_are_those_of_the_wire_and_what_is_new_runs() {
        for phase in Phase::ALL.iter().copied() {
            let read = resource(told(phase as i32)).unwrap();
            assert_eq!((read.phase, read.message.as_str()), (phase, "m"));
            assert_eq!(read.unknown_state, None);
        }
        let new = resource(told(77)).unwrap();
        assert_eq!(new.phase, Phase::Running);
        assert_eq!(new.unknown_state.as_deref(), Some("phase 77"));
        assert!(resource(pb::GetTaskResponse::default()).is_err());
    }

    #[test]
    fn absent_outputs_stay_absent_and_empty_ones_empty() {
        let mut answer = told(Phase::Succeeded as i32);
        let absent = resource(answer.clone()).unwrap().outputs;
        assert_eq!(absent, Outputs::WrittenByTask);
        answer.resource.as_mut().unwrap().outputs = Some(core_pb::task::Outputs::default());
        assert!(resource(answer).unwrap().outputs.into_inline().unwrap().is_empty());
    }

    #[test]
    fn outputs_that_are_pickles_are_known_by_name() {
        let binary = |tag: &str| {
            let binary = core_pb::Binary { value: vec![0x80, 0x05].into(), tag: tag.to_owned() };
            let scalar = core_pb::Scalar { value: Some(core_pb::scalar::Value::Binary(binary)) };
            let value = Some(core_pb::literal::Value::Scalar(Box::new(scalar)));
            core_pb::Literal { value, ..Default::default() }
        };
        let literals = [("paths", binary("")), ("report", binary("msgpack"))];
        let literals = literals.into_iter().map(|(name, value)| core_pb::task::NamedLiteral {
            name: name.to_owned(),
            value: Some(value),
        });
        let mut answer = told(Phase::Succeeded as i32);
        assert!(pickled(&resource(answer.clone()).unwrap()).is_empty());
        let outputs = core_pb::task::Outputs { literals: literals.collect(), ..Default::default() };
        answer.resource.as_mut().unwrap().outputs = Some(outputs);
        assert_eq!(pickled(&resource(answer).unwrap()), ["paths"]);
    }

    #[test]
    #[expect(deprecated, reason = "services of old fill it")]
    fn lines_of_old_services_are_read() {
        let body = pb::GetTaskLogsResponseBody { results: vec!["a".to_owned()], lines: Vec::new() };
        let part = Some(pb::get_task_logs_response::Part::Body(body));
        let read = page(pb::GetTaskLogsResponse { part });
        assert_eq!(read.lines.first().map(|line| line.message.as_str()), Some("a"));
    }

    #[test]
    fn a_sentence_is_not_put_around_a_text_twice() {
        let said = "failed to get batch_job task with error:\n the vendor is closed.";
        assert_eq!(bare(said), "the vendor is closed");
        for other in ["", "failed to open", "it failed to get x task with error:\n y."] {
            assert_eq!(bare(other), other);
        }
    }

    #[test]
    fn errors_have_the_kind_that_the_gate_acts_on() {
        let kind = |error| match error {
            CallError::Connector(error) => error.kind(),
            CallError::Meta(_) => panic!("no metadata was read"),
        };
        for code in [Code::Internal, Code::NotFound, Code::Unavailable, Code::DeadlineExceeded] {
            let status = Status::new(code, "failed to get");
            assert_eq!(kind(not_created("s", &status)), ErrorKind::Retryable, "{code:?}");
            let transient = ErrorKind::Transient { retry_after: None };
            assert_eq!(kind(unknown("s", &status)), transient, "{code:?}");
        }
        let asked = |code| unanswered("s", &Status::new(code, "")).kind();
        assert_eq!(asked(Code::Unimplemented), ErrorKind::Unsupported);
        assert_eq!(asked(Code::OutOfRange), ErrorKind::InvalidTask);
        let text = unanswered("s", &Status::new(Code::Internal, "")).message().to_owned();
        assert_eq!(text, "s answered Internal");
    }
}
