//! Calls of a connector as they came, before anything in them is read.
//! A server makes them of its messages; `erased` decodes them into the author's types.

use std::fmt;

use bytes::Bytes;

use crate::pb;
use crate::request::TaskExecution;
use crate::task::NamedLiterals;

/// A task to create, as it came.
#[derive(Clone)]
pub struct CreateRequest {
    /// The task template.
    pub template: Box<pb::TaskTemplate>,
    /// The inputs.
    pub inputs: NamedLiterals,
    /// Keys and values that accompany the inputs.
    pub input_context: Vec<(String, String)>,
    /// Where outputs belong.
    pub output_prefix: String,
    /// Who runs this.
    pub execution: Option<Box<TaskExecution>>,
    /// Resolved secrets and settings; absent and empty mean the same.
    pub connection: Option<pb::Connection>,
}

impl fmt::Debug for CreateRequest {
    // Template, inputs and connection may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateRequest").finish_non_exhaustive()
    }
}

/// A call about an existing job, as it came.
#[derive(Clone)]
pub struct JobRequest {
    /// What create answered.
    pub resource_meta: Bytes,
    /// Where outputs belong; empty on delete.
    pub output_prefix: String,
    /// Resolved secrets and settings; absent and empty mean the same.
    pub connection: Option<pb::Connection>,
}

impl fmt::Debug for JobRequest {
    // The connection may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobRequest").finish_non_exhaustive()
    }
}

/// A question about a job that carries no connection: metrics or logs.
#[derive(Debug, Clone)]
pub struct QueryRequest<Q> {
    /// What create answered.
    pub resource_meta: Bytes,
    /// What is asked.
    pub query: Q,
}
