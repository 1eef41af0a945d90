//! The executor-aware rules between Flyte and a connector: what the executor cannot absorb is absorbed here.
//!
//! A service converts a call of its wire into a request of `connector-core` and hands it to the
//! [`Dispatcher`]; what comes back is the connector's answer, or a [`Failure`] to be told. Between the
//! two stand the rules: a create happens once per attempt, no transient error of a poll leaves, nobody
//! is orphaned, a connector holds up nobody but itself, no secret shows. The crate's README has them
//! all, with their files.
//!
//! This crate is for services. Authors of connectors need `connector-core`, and operators of a server
//! `connector-service`; neither names anything here.
// One way down: dispatch → gate → create, poll, delete, finished → site → isolation → the connector. No wire
// message of a service, no listener, no metrics library may come in: the rules count through `Observer`.

mod answer;
mod answer_bytes;
mod backoff;
mod call;
mod create;
mod deadline;
mod delete;
mod dispatch;
mod durable;
mod exchange;
mod failure;
mod finished;
mod gate;
mod gates;
#[cfg(test)]
mod gates_tests;
mod isolation;
pub mod labels;
mod live;
mod memory;
mod observer;
mod operation;
mod outputs;
mod outside_call;
mod poll;
#[cfg(test)]
mod probe;
mod rate;
#[cfg(test)]
mod replicas;
mod rotation;
mod scrub;
mod site;
pub mod state_store;
mod stream;
mod sweep;
mod text;
mod trace;
mod unseen;
mod verdict;

pub use call::Held;
pub use deadline::{TimeLimit, after};
pub use dispatch::{CallGuard, Dispatcher, Route, SyncCall};
pub use failure::{Cause, Failure};
pub use finished::Finished;
pub use gates::Gates;
pub use isolation::{Crowd, Watch, panic_message};
pub use live::LiveBound;
pub use memory::Reading;
pub use observer::{Observer, OpenedCall};
pub use operation::Operation;
pub use rotation::Rotation;
pub use scrub::{KnownSecrets, Noted, Scrub};
pub use stream::LogPages;
pub use text::TextLimit;
pub use trace::TraceParent;
