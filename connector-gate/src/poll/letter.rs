//! What replicas write to each other about jobs, as bytes that another release reads as well: what it does not
//! know it leaves out. `others` sends and `pace` reads them. No outputs and nothing of a job that is over: those
//! are told to whoever asks.

use std::time::Duration;

use bytes::Bytes;
use connector_core::host::digest::digest;
use prost::Message;

use crate::answer_bytes;

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
    /// The answer, as `answer_bytes` has it. None: what was said before is not true any more, or nothing could
    /// be learnt.
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) answer: Option<Bytes>,
}

impl News {
    pub(super) fn good_for(&self) -> Duration {
        Duration::from_millis(self.good_for_ms)
    }

    pub(super) fn name(&self) -> Option<JobName> {
        (*self.job).try_into().ok()
    }

    /// The answer, in bytes; none if this release does not know its phase, or if it is not for others to tell.
    pub(super) fn told(&self) -> Option<&Bytes> {
        let answer = self.answer.as_ref()?;
        let resource = answer_bytes::read(answer)?;
        (!resource.phase.is_terminal()).then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use connector_core::Phase;
    use connector_core::host::ErasedResource;

    use super::*;

    #[test]
    fn an_answer_comes_back_unless_it_is_not_for_others() {
        for phase in Phase::ALL.iter().copied() {
            let told = ErasedResource::new(phase).message("soon").info("place", 3_i64);
            let mut bytes = Vec::new();
            answer_bytes::write(told.clone(), &mut bytes);
            let news = News { answer: Some(bytes.into()), ..News::default() };
            let back = news.told().map(|answer| answer_bytes::read(answer).unwrap());
            assert_eq!(back, (!phase.is_terminal()).then_some(told), "{phase:?}");
        }
        let unheard_of = News { answer: Some(Bytes::from_static(&[8, 99])), ..News::default() };
        assert_eq!((unheard_of.told(), News::default().told()), (None, None));
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
