//! Answers that the caller can receive: a stock executor takes 4 MiB and says nothing about larger ones.
//! `task_service` asks for every answer of get and of metrics; log pages are split by `log_stream`.
//! What an answer says is not decided here, only what can be spared of it.

use connector_core::{ConnectorError, Phase};
use connector_gate::{Cause, TextLimit};
use prost::Message;
use prost_types::value::Kind;

use crate::pb;

/// Refuses an answer the caller could not receive.
pub(super) fn fitting<M: Message>(answer: M, limit: usize, advice: &str) -> Result<M, Cause> {
    let size = answer.encoded_len();
    if size <= limit {
        return Ok(answer);
    }
    Err(Cause::from(ConnectorError::permanent(too_large(size, limit, advice))))
}

/// An answer of get that the executor can receive. One over its limit would fail at every poll
/// without a word of why, until the job is wedged.
///
/// What is for people goes first, and the message says so: a job is not given up for the details it
/// shows. Only outputs cannot be spared.
pub(super) fn state_that_fits(mut state: pb::Resource, limit: usize) -> pb::GetTaskResponse {
    // The field and its length before the message.
    let limit = limit.saturating_sub(8);
    if at_most(&state).is_some_and(|most| most <= limit) || state.encoded_len() <= limit {
        return pb::GetTaskResponse { resource: Some(state) };
    }
    // One that the operator lets be longer than the answer is cut, which it says itself.
    state.message = TextLimit::default().shortened(std::mem::take(&mut state.message));
    let mut spared = Vec::new();
    if state.encoded_len() + NOTE > limit
        && let Some(info) = state.custom_info.take()
    {
        spared.push(format!("custom_info ({} bytes)", info.encoded_len()));
    }
    if state.encoded_len() + NOTE > limit && !state.log_links.is_empty() {
        spared.push(format!("{} log links", std::mem::take(&mut state.log_links).len()));
    }
    if !spared.is_empty() {
        let note = format!(
            "(left out, because the caller takes at most {limit} bytes: {})",
            spared.join(", ")
        );
        tracing::warn!("the state of a job was too large {note}");
        state.message = [state.message, note].join(" ").trim_start().to_owned();
    }
    let size = state.encoded_len();
    if size > limit {
        let advice = "let the job write `outputs.pb` under its output prefix and answer \
                      `Outputs::WrittenByTask`";
        let message = too_large(size, limit, advice);
        tracing::warn!("a job is reported as FAILED: {message}");
        state = pb::Resource { phase: Phase::Failed as i32, message, ..Default::default() };
    }
    pb::GetTaskResponse { resource: Some(state) }
}

/// A size that a usual state does not have more than, by its texts alone: to encode is to count once more
/// anyway. `None` for one that has to be counted.
fn at_most(state: &pb::Resource) -> Option<usize> {
    /// More than the numbers, tags and lengths of a link, of a detail, or of the whole take.
    const FRAME: usize = 96;
    let links = state
        .log_links
        .iter()
        .map(|link| FRAME + link.uri.len() + link.name.len() + link.icon_uri.len());
    let mut most = FRAME + state.message.len() + links.sum::<usize>();
    for (name, value) in state.custom_info.iter().flat_map(|info| &info.fields) {
        let text = match value.kind.as_ref() {
            Some(Kind::StringValue(text)) => text.len(),
            Some(Kind::ListValue(_) | Kind::StructValue(_)) => return None,
            _ => 0,
        };
        most += FRAME + name.len() + text;
    }
    state.outputs.is_none().then_some(most)
}

/// Room for the note about what was left out.
const NOTE: usize = 160;

fn too_large(size: usize, limit: usize, advice: &str) -> String {
    format!(
        "the answer has {size} bytes, and the caller takes at most {limit} \
         (`--max-response-bytes`); {advice}"
    )
}

#[cfg(test)]
mod tests {
    use connector_core::{Phase, literal, pb as core_pb};
    use prost::Message as _;
    use prost_types::value::Kind;

    use super::{at_most, state_that_fits};
    use crate::pb;

    const LIMIT: usize = 20_000;

    fn running() -> pb::Resource {
        pb::Resource { phase: Phase::Running as i32, ..Default::default() }
    }

    fn fitted(state: pb::Resource) -> pb::Resource {
        let answer = state_that_fits(state, LIMIT);
        assert!(answer.encoded_len() <= LIMIT, "{} bytes", answer.encoded_len());
        answer.resource.unwrap()
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        for spare in 0..40 {
            let state = pb::Resource { message: "m".repeat(LIMIT - spare), ..running() };
            let answer = fitted(state.clone());
            assert!(answer == state || answer.message.ends_with("(cut)"), "{spare} bytes spare");
        }
        let links = vec![core_pb::TaskLog { uri: "u".repeat(100), ..Default::default() }; 3];
        let state = pb::Resource { message: "as it is".to_owned(), log_links: links, ..running() };
        assert_eq!(fitted(state.clone()), state);
    }

    #[test]
    fn what_is_not_counted_is_never_larger_than_was_thought() {
        let link = core_pb::TaskLog {
            uri: "u".repeat(300),
            name: "n".repeat(300),
            icon_uri: "i".repeat(300),
            ready: true,
            show_while_pending: true,
            hide_once_finished: true,
            message_format: i32::MAX,
            link_type: i32::MIN,
            ..Default::default()
        };
        let kinds = [
            Kind::NullValue(i32::MIN),
            Kind::NumberValue(0.1),
            Kind::StringValue("s".repeat(20_000)),
            Kind::BoolValue(true),
        ];
        let fields = kinds.into_iter().enumerate().map(|(at, kind)| {
            (at.to_string().repeat(200), prost_types::Value { kind: Some(kind) })
        });
        let custom_info = Some(prost_types::Struct { fields: fields.collect() });
        for links in [0, 1, 100] {
            let log_links = vec![link.clone(); links];
            let message = "m".repeat(links * 100);
            let custom_info = custom_info.clone();
            let state = pb::Resource { message, log_links, custom_info, phase: -1, outputs: None };
            assert!(at_most(&state).unwrap() >= state.encoded_len());
        }
        let mut counted = running();
        let nested = Kind::StructValue(prost_types::Struct::default());
        let nested = prost_types::Value { kind: Some(nested) };
        let fields = [("nested".to_owned(), nested)].into();
        counted.custom_info = Some(prost_types::Struct { fields });
        assert_eq!(at_most(&counted), None);
        let outputs = Some(core_pb::task::Outputs::default());
        assert_eq!(at_most(&pb::Resource { outputs, ..running() }), None);
    }

    #[test]
    fn details_for_people_are_spared_and_the_job_goes_on() {
        let value = prost_types::Value { kind: Some(Kind::StringValue("x".repeat(LIMIT))) };
        let fields = [("report".to_owned(), value)].into();
        let links = vec![core_pb::TaskLog { uri: "u".repeat(100), ..Default::default() }; 3];
        let state = pb::Resource {
            message: "rendering".to_owned(),
            custom_info: Some(prost_types::Struct { fields }),
            log_links: links.clone(),
            ..running()
        };
        let answer = fitted(state);
        assert_eq!(answer.phase, Phase::Running as i32);
        assert!(answer.message.starts_with("rendering (left out"), "{}", answer.message);
        assert!(answer.message.contains("custom_info (2"), "{}", answer.message);
        assert_eq!(answer.log_links, links, "they fit");

        let many = vec![core_pb::TaskLog { uri: "u".repeat(100), ..Default::default() }; 300];
        let answer = fitted(pb::Resource { log_links: many, ..running() });
        assert_eq!(answer.phase, Phase::Running as i32);
        assert!(
            answer.message.starts_with("(left out") && answer.message.ends_with("300 log links)")
        );
    }

    #[test]
    fn outputs_cannot_be_spared_so_the_job_fails_with_advice() {
        let value = Some(literal::string("x".repeat(LIMIT)));
        let named = core_pb::task::NamedLiteral { name: "table".to_owned(), value };
        let outputs = core_pb::task::Outputs { literals: vec![named], ..Default::default() };
        let phase = Phase::Succeeded as i32;
        let state = pb::Resource { phase, outputs: Some(outputs), ..Default::default() };
        let answer = fitted(state);
        assert_eq!(answer.phase, Phase::Failed as i32);
        assert!(answer.message.contains("Outputs::WrittenByTask"), "{}", answer.message);
    }
}
