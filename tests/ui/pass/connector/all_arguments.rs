//! Every argument at once, in an order of its own, with a comma at the end.

use std::any::TypeId;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use connector_core::Registry;
use connector_core::host::Origin;
use connector_core::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct RenderJob {
    job_id: String,
}

#[connector(
    init = RenderFarm::connect,
    policy = Policy::new().poll_interval(Self::PACE).rate(5.0, 10),
    crate = ::connector_core,
    meta = RenderJob,
    connection = (),
    outputs = (),
    inputs = (),
    config = (),
    name = "Render Farm",
    version = [1, 0],
    task_type = ["render", "bake.v2"],
)]
struct RenderFarm {
    endpoint: String,
}

impl RenderFarm {
    const PACE: Duration = Duration::from_secs(30);

    async fn connect(settings: Settings) -> Result<Self> {
        Ok(Self { endpoint: settings.require("endpoint")?.to_owned() })
    }
}

impl AsyncConnector for RenderFarm {
    async fn create(&self, _task: CreateTask<Self>) -> Result<RenderJob> {
        Ok(RenderJob { job_id: self.endpoint.clone() })
    }

    async fn get(&self, job: &RenderJob, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        Err(ConnectorError::not_found(job.job_id.clone()))
    }

    async fn delete(&self, _job: &RenderJob, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// Nothing here waits, so one poll is enough.
fn now<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

fn main() {
    assert_eq!(RenderFarm::NAME, "Render Farm");
    assert_eq!(RenderFarm::TASK_TYPES, ["render", "bake.v2"]);
    assert_eq!(RenderFarm::VERSIONS, [1, 0]);
    assert_eq!(RenderFarm::POLICY, Policy::new().poll_interval(RenderFarm::PACE).rate(5.0, 10));
    assert_eq!(TypeId::of::<<RenderFarm as ConnectorSpec>::Meta>(), TypeId::of::<RenderJob>());

    let variable = ("CONNECTOR__RENDER__ENDPOINT".to_owned(), "http://farm".to_owned());
    let registry = now(Registry::linked().variables([variable]).build()).unwrap();
    let keys: Vec<String> = registry.entries().map(|entry| entry.key.to_string()).collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for (task_type, version) in [("render", 0), ("render", 1), ("bake.v2", 0), ("bake.v2", 1)] {
        let entry = registry.get(task_type, version).unwrap();
        assert_eq!(entry.name, "Render Farm");
        let Origin::Source(place) = &entry.origin else { panic!("{entry:?}") };
        assert!(place.file.ends_with("all_arguments.rs"), "{place}");
        assert_eq!(place.line, 17);
        assert_eq!(entry.policy, RenderFarm::POLICY);
    }

    // Without the setting `init` fails; the start goes on and says why.
    let registry = now(Registry::linked().variables([]).build()).unwrap();
    assert!(registry.get("render", 1).is_none());
    assert_eq!(registry.failures().len(), 1);
}
