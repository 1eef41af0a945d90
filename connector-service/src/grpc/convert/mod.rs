//! Between the messages of `flyteidl2.connector` and the types of `connector-core`.
//! The services call these at the edge; below them nobody sees a request message.

mod request;
mod resource;
mod time;

pub(super) use request::{create, create_route, delete, get, job_route, logs, metrics, named};
pub(super) use resource::{log_line, metric, resource};
