//! `simulator`: an outside system inside the process, steered by the task's settings.
//! For chaos tests, also of your own: it fails, dawdles, blocks, panics and leaks on request, and
//! counts what reached it. It lives in memory: it is a test double, not a queue.
//!
//! # Settings
//! All are optional and stand in the task's `custom`.
//!
//! | key | type | meaning |
//! |---|---|---|
//! | `tag` | text | Counters are kept per tag. Without one every job is counted by itself. |
//! | `create` | `ok`, `permanent`, `retryable`, `transient`, `invalid`, `panic` | What create does. |
//! | `create_delay_ms` | whole number | How long create waits before the job is made. |
//! | `phases` | list of phase names | What a job goes through: one step per poll, the last repeats. Default `["QUEUED", "RUNNING", "SUCCEEDED"]`. |
//! | `get` | list of `ok`, `transient`, `permanent`, `not_found`, `panic`, `state:<text>` | What each poll does, the last repeats. `state:<text>` is a job in a state of that name. Default `["ok"]`. |
//! | `get_delay_ms` | whole number | How long a poll waits, without blocking. |
//! | `block_ms` | whole number | How long a poll blocks its thread. |
//! | `get_min_interval_ms` | whole number | How long an answer is good enough: the next vendor poll comes no sooner. |
//! | `delete` | `ok`, `not_found`, `permanent`, `transient` | What a delete does. |
//! | `outputs` | object of text, numbers, booleans | The outputs of a success. Whole numbers are ints. |
//! | `leak_secret` | boolean | Puts the secret `api_key` into error texts, messages, links, logs and panics: as it is, URL-encoded and in base64. What arrives must show `***` in its place. |
//!
//! Steps are counted in polls that reach the vendor, failed ones included: with
//! `"get": ["transient", "ok"]` and the default phases the second poll finds the job running. Keys
//! it does not know are left to Flyte, which keeps some of its own in `custom`; one that is nearly a
//! known key is refused as a slip.
//!
//! # Counters
//! Every answer of get has those of the job's tag in `custom_info`, so a later task with the same tag
//! reads what became of an earlier one:
//!
//! | counter | counts |
//! |---|---|
//! | `creates` | create calls that reached the connector, failed ones included |
//! | `vendor_jobs` | distinct jobs made: more than one per attempt is a double create |
//! | `live_jobs` | jobs neither finished nor deleted: those left at the end are orphans |
//! | `polls` | get calls that reached the vendor |
//! | `deletes` | delete calls that reached the vendor |
//!
//! A job is finished once a poll was told so. The vendor knows no idempotency keys: every create
//! that reaches it makes a job. A deleted job is FAILED and says that it was cancelled; one that a
//! delete did not find is forgotten.

mod config;
mod connector;
pub(crate) mod leak;
mod script;
mod vendor;

#[cfg(test)]
mod tests;

pub use connector::{SimulatedJob, Simulator};
pub use script::Script;
