//! The strictest lints: nothing in the expansion makes a warning, whatever the crate denies.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, rust_2018_idioms)]
#![deny(missing_debug_implementations, missing_copy_implementations, unused_results)]
#![deny(
    single_use_lifetimes,
    unused_lifetimes,
    trivial_casts,
    absolute_paths_not_starting_with_crate
)]
#![deny(let_underscore_drop, unnameable_types, non_local_definitions, redundant_lifetimes)]

use connector_core::prelude::*;

/// Public, with everything set.
#[connector(task_type = ["render", "bake"], version = [0, 1], name = "Render", meta = JobId, config = ())]
#[derive(Debug, Default, Clone, Copy)]
pub struct RenderFarm;

/// Private and never constructed by hand.
#[connector(task_type = "private", init = Private::connect)]
#[derive(Debug, Clone, Copy)]
struct Private;

impl Private {
    async fn connect(_settings: Settings) -> Result<Self> {
        Ok(Self)
    }
}

/// Deprecated, and still served.
#[deprecated = "use `render`"]
#[connector(task_type = "old")]
#[derive(Debug, Default, Clone, Copy)]
pub struct Old;

macro_rules! implement {
    ($($connector:ty),+) => {$(
        impl AsyncConnector for $connector {
            async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
                Err(ConnectorError::unsupported("create"))
            }

            async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
                Err(ConnectorError::unsupported("get"))
            }

            async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
                Ok(())
            }
        }
    )+};
}

implement!(RenderFarm, Private);

#[allow(deprecated)]
mod old {
    use connector_core::prelude::*;

    impl AsyncConnector for super::Old {
        async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
            Err(ConnectorError::unsupported("create"))
        }

        async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
            Err(ConnectorError::unsupported("get"))
        }

        async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
            Ok(())
        }
    }
}

fn main() {
    /// Local to a function.
    #[connector(task_type = "local")]
    #[derive(Debug, Default, Clone, Copy)]
    struct Local;

    implement!(Local);

    assert_eq!(Local::TASK_TYPES, ["local"]);
    assert_eq!(RenderFarm::VERSIONS, [0, 1]);
}
