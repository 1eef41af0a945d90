//! A fake of Flyte's executor for tests of connectors, and checks of a connector against its rules.
//! Connector authors use it in their own tests; the server's tests use it, too.
//! Nothing here is served: neither `connector-core` nor `connector-server` may come to depend on it.

mod attempt;
mod cache;
pub mod conformance;
mod executor;
mod identity;
mod in_process;
mod judge;
mod look;
mod outputs;
mod record;
mod report;
mod rules;
mod task;
mod trouble;
mod vendor;
mod wire;

pub use executor::{FakeExecutor, FakeExecutorBuilder};
pub use in_process::InProcess;
pub use record::{AttemptRecord, Created, End, FailureCode, TaskRecord};
pub use report::{CallCounts, Finding, Report, TaskCounts};
pub use rules::ExecutorRules;
pub use task::Task;
pub use trouble::{RepeatedCreate, Trouble};
pub use vendor::{Vendor, VendorJob, VendorState};
