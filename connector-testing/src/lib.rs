//! What connector authors test with: a harness, a fake of Flyte's executor, and checks against its rules.
//!
//! [`Harness`] drives one connector call by call, and shows its errors as it made them.
//!
//! Flyte's executor counts failed polls for the whole life of a job and stops at the sixth, makes
//! every failed create a new attempt, forgets a create that timed out, creates again after a crash,
//! and repeats a failing delete for ever. A connector that works when it is called once each may
//! still lose jobs there. [`conformance!`] holds it against those rules, one test each:
//!
//! ```
//! use connector_core::prelude::*;
//!
//! #[connector(task_type = "render")]
//! #[derive(Debug, Default)]
//! pub struct RenderFarm;
//!
//! impl AsyncConnector for RenderFarm {
//!     async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
//!         let key = task.idempotency_key();
//!         Ok(JobId::new(key.as_ref().map_or("none", |key| key.as_str())))
//!     }
//!
//!     async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
//!         let video = literal::string(format!("s3://out/{job}.mp4"));
//!         Ok(Resource::succeeded(DynamicOutputs::from_iter([("video", video)])))
//!     }
//!
//!     async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! connector_testing::conformance!(
//!     RenderFarm,
//!     task = connector_testing::Task::new("render").custom("fps", 24).output("video")
//! );
//! # fn main() {}
//! ```
//!
//! What a rule cannot see from the wire it asks the vendor: implement [`Vendor`] for the fake that
//! the connector talks to in tests, and hand both over in a [`conformance::Subject`].
//!
//! What a connector says to its vendor over HTTP is recorded once and replayed: see [`Cassette`].
//!
//! For tests of your own there is the executor itself. Time is paused, so an hour takes none; that
//! goes for tokio's clock only, so what follows the wall clock must be told to be quick.
//!
//! ```
//! # use connector_core::prelude::*;
//! # #[connector(task_type = "render")]
//! # #[derive(Debug, Default)]
//! # pub struct RenderFarm;
//! # impl AsyncConnector for RenderFarm {
//! #     async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> { Ok(JobId::new("j")) }
//! #     async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
//! #         Ok(Resource::running())
//! #     }
//! #     async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> { Ok(()) }
//! # }
//! use std::time::Duration;
//!
//! use connector_core::Registry;
//! use connector_testing::{End, FakeExecutor, InProcess, RepeatedCreate, Task, Trouble};
//!
//! # fn main() {
//! # let runtime = tokio::runtime::Builder::new_current_thread()
//! #     .enable_all().start_paused(true).build().unwrap();
//! // In a test: `#[tokio::test(start_paused = true)]`.
//! # runtime.block_on(async {
//! let registry = Registry::builder().register(RenderFarm).build().await.unwrap();
//! let server = InProcess::serve(registry);
//! let executor = FakeExecutor::new(server.channel());
//!
//! // It dies after the create was answered, comes back, and somebody aborts the task.
//! let trouble = Trouble {
//!     repeated_create: Some(RepeatedCreate::AfterAnswer { pause: Duration::from_secs(20) }),
//!     abort_after: Some(Duration::from_secs(300)),
//!     ..Trouble::default()
//! };
//! let record = executor.run_with(&Task::new("render"), &trouble).await;
//! assert_eq!(record.end, End::Aborted);
//! let report = executor.report();
//! assert!(report.is_clean(), "{report}");
//! # });
//! # }
//! ```
//!
//! A service at any address is driven the same way, by a channel to it; on a real clock give the
//! executor shorter times ([`ExecutorRules`]).

// The tests of the service use it, too. Nothing here is served: neither core nor the service may come to
// depend on it.

mod cassette;
pub mod conformance;
mod executor;
mod harness;
mod identity;
mod in_process;
mod report;
mod socket_time;
mod task;
mod vendor_port;

pub use cassette::{Cassette, CassetteBuilder, CassetteError, Mode};
pub use executor::{
    AttemptRecord, Created, End, ExecutorRules, FailureCode, FakeExecutor, FakeExecutorBuilder,
    RepeatedCreate, TaskRecord, Trouble,
};
pub use harness::{Harness, Job, Journey};
pub use in_process::InProcess;
pub use report::{CallCounts, Finding, Report, TaskCounts, Vendor, VendorJob, VendorState};
pub use socket_time::SocketTime;
pub use task::Task;
pub use vendor_port::VendorPort;
