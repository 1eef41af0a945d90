//! Answers as bytes: what is kept of one until it is told again.
//! `finished` has them travel in resource metadata, `poll/pace.rs` remembers them, and replicas write them to each
//! other (`poll/letter.rs`). As values they take some
//! five times the room: every text, link and detail is a piece of memory of its own.

use connector_core::host::ErasedResource;
use connector_core::{LinkKind, MessageFormat, NamedLiterals, Outputs, Phase, TaskLog, pb};
use prost::Message;

/// An answer, as it is kept. Outputs that are not here are in storage, or nowhere.
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

/// Adds an answer to bytes. How long it is good, and what the outside system called it, are left out.
pub(crate) fn write(resource: ErasedResource, bytes: &mut Vec<u8>) {
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
    bytes.reserve_exact(kept.encoded_len());
    // A growing vector takes everything.
    kept.encode(bytes).ok();
}

/// The answer that bytes are, if they are one.
pub(crate) fn read(bytes: &[u8]) -> Option<ErasedResource> {
    let kept = Kept::decode(bytes).ok()?;
    let phase = Phase::ALL.iter().copied().find(|phase| *phase as i32 == kept.phase)?;
    let mut resource = ErasedResource::new(phase).message(kept.message);
    resource.log_links = kept.links.into_iter().map(TaskLog::from).collect();
    resource.custom_info = kept.custom_info.unwrap_or_default();
    // Nothing here is what the job wrote itself, which is told in the same way.
    if let Some(outputs) = kept.outputs {
        resource.outputs = Outputs::Inline(NamedLiterals::from(outputs.literals));
    }
    Some(resource)
}

#[cfg(test)]
mod tests {
    use connector_core::host::ErasedResource;
    use connector_core::{LinkKind, MessageFormat, Outputs, Phase, TaskLog, literal};
    use prost_types::Value;

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        for phase in Phase::ALL.iter().copied() {
            let mut resource = ErasedResource::new(phase).message("step 3 of 7");
            let link =
                TaskLog::new("log", "https://example.com/jobs/1").format(MessageFormat::Json);
            let link = link.kind(LinkKind::Ide).ready(true).show_while_pending(true);
            resource.log_links = vec![
                TaskLog::new("page", "https://example.com/").format(MessageFormat::Csv),
                link.hide_once_finished(true).icon_uri("https://example.com/icon"),
            ];
            resource.custom_info.fields = [("cluster".to_owned(), Value::from("c-1"))].into();
            resource.outputs = Outputs::Inline([("x", literal::integer(1))].into_iter().collect());
            let mut bytes = Vec::new();
            super::write(resource.clone(), &mut bytes);
            assert_eq!(super::read(&bytes), Some(resource));
        }
        assert_eq!(super::read(&[8, 99]), None, "no phase");
        assert_eq!(super::read(b"\xff"), None, "no message");
    }
}
