//! What replicas write to each other about jobs, as bytes that another release reads as well: what it does not
//! know it leaves out. `others` sends and `pace` reads them. No outputs and nothing of a job that is over: those
//! are told to whoever asks.

use std::time::Duration;

use bytes::Bytes;
use connector_core::host::ErasedResource;
use connector_core::host::digest::digest;
use connector_core::{LinkKind, MessageFormat, Phase, TaskLog};
use prost::Message;
use prost_types::Struct;

/// What a job is called in letters: a digest, so that its metadata is not written once more.
pub(super) type JobName = [u8; 16];

/// The name of a job of that connector, the same in every process.
pub(super) fn name(home: &str, resource_meta: &[u8]) -> JobName {
    let [name @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        digest([home.as_bytes(), resource_meta]);
    name
}

/// News of the jobs of one connector. Its numbers are for ever, as those of all below.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Letter {
    /// Which connector.
    #[prost(string, tag = "1")]
    pub(crate) home: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) news: Vec<News>,
}

/// What was learnt of one job.
#[derive(Clone, PartialEq, Message)]
pub(super) struct News {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) job: Bytes,
    /// For how long the answer is good from when the letter was written.
    #[prost(uint64, tag = "2")]
    pub(super) good_for_ms: u64,
    /// None: what was said before is not true any more, or nothing could be learnt.
    #[prost(message, optional, tag = "3")]
    pub(super) answer: Option<Answer>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Answer {
    #[prost(int32, tag = "1")]
    phase: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "4")]
    info: Option<Struct>,
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

impl News {
    pub(super) fn good_for(&self) -> Duration {
        Duration::from_millis(self.good_for_ms)
    }

    pub(super) fn name(&self) -> Option<JobName> {
        (*self.job).try_into().ok()
    }
}

impl Answer {
    pub(super) fn of(resource: &ErasedResource) -> Self {
        let info = &resource.custom_info;
        Self {
            phase: resource.phase as i32,
            message: resource.message.clone(),
            links: resource.log_links.iter().map(Link::of).collect(),
            info: (!info.fields.is_empty()).then(|| info.clone()),
        }
    }

    /// The answer; none if this release does not know its phase, or if it is not for others to tell.
    pub(super) fn resource(self) -> Option<ErasedResource> {
        let phase = *Phase::ALL.iter().find(|phase| **phase as i32 == self.phase)?;
        if phase.is_terminal() {
            return None;
        }
        let mut resource = ErasedResource::new(phase).message(self.message);
        resource.log_links = self.links.into_iter().map(Link::link).collect();
        resource.custom_info = self.info.unwrap_or_default();
        Some(resource)
    }
}

impl Link {
    fn of(link: &TaskLog) -> Self {
        Self {
            uri: link.uri.clone(),
            name: link.name.clone(),
            format: link.format as i32,
            kind: link.kind as i32,
            ready: link.ready,
            show_while_pending: link.show_while_pending,
            hide_once_finished: link.hide_once_finished,
            icon_uri: link.icon_uri.clone(),
        }
    }

    fn link(self) -> TaskLog {
        let formats = [MessageFormat::Unknown, MessageFormat::Csv, MessageFormat::Json];
        let kinds = [LinkKind::External, LinkKind::Dashboard, LinkKind::Ide];
        let format = formats.into_iter().find(|it| *it as i32 == self.format);
        let kind = kinds.into_iter().find(|it| *it as i32 == self.kind);
        TaskLog::new(self.name, self.uri)
            .format(format.unwrap_or_default())
            .kind(kind.unwrap_or_default())
            .ready(self.ready)
            .show_while_pending(self.show_while_pending)
            .hide_once_finished(self.hide_once_finished)
            .icon_uri(self.icon_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was_but_for_what_is_not_for_others() {
        let link = TaskLog::new("log", "https://vendor.example/1")
            .format(MessageFormat::Json)
            .kind(LinkKind::Dashboard)
            .ready(false)
            .show_while_pending(true)
            .hide_once_finished(true)
            .icon_uri("https://vendor.example/icon");
        let told = ErasedResource::new(Phase::Initializing)
            .message("soon")
            .log_link(link)
            .info("place", 3_i64);
        let back = Answer::decode(&*Answer::of(&told).encode_to_vec()).unwrap();
        assert_eq!(format!("{:?}", back.resource().unwrap()), format!("{told:?}"));
        for phase in Phase::ALL {
            let back = Answer::of(&ErasedResource::new(*phase)).resource();
            assert_eq!(back.is_none(), phase.is_terminal(), "{phase:?}");
        }
        let unheard_of = Answer { phase: 99, ..Answer::default() };
        assert!(unheard_of.resource().is_none());
    }

    #[test]
    fn a_job_is_called_the_same_by_every_process_and_release() {
        let name = |home, meta: &str| name(home, meta.as_bytes());
        let known = name("render/0", "{\"job_id\": \"j-1\"}");
        assert_eq!(u128::from_be_bytes(known), 0x742af149212617aeef061dddedf48b5e);
        assert_ne!(known, name("render/1", "{\"job_id\": \"j-1\"}"));
        assert_ne!(known, name("render/0", "{\"job_id\": \"j-2\"}"));
    }
}
