//! The one case that leaves a job behind, planted: a vendor takes a create, its answer is lost, and more
//! attempts fail than a create is worth that nobody has taken; meanwhile the executor leaves and gives the
//! task up, so that nobody ever asks again.

use std::path::PathBuf;
use std::time::Duration;

use connector_testing::{FakeExecutor, Report, Trouble};
use serde_json::Value;
use vendor_tests::fake::{Answer, Call, Fake, Vendor};

use super::{Stormy, VendorServer};
use crate::pace::Pace;
use crate::server::Server;
use crate::vendor::Snapshot;

/// How many attempts fail after the one that was taken.
const FAILING: u32 = 6;

struct Planted<V> {
    vendor: V,
    creates: u32,
    how: fn(&mut V, &Call) -> Answer,
}

impl<V: Stormy> Vendor for Planted<V> {
    fn answer(&mut self, call: &Call) -> Answer {
        if !V::creates(call) {
            return self.vendor.answer(call);
        }
        self.creates += 1;
        match self.creates {
            1 => (self.how)(&mut self.vendor, call),
            2..=FAILING => Answer::Json(503, Value::Null),
            _ => self.vendor.answer(call),
        }
    }

    fn told(&self, call: &Call) -> Option<Value> {
        self.vendor.told(call)
    }

    fn job_of(&self, resource_meta: &Value) -> Option<String> {
        self.vendor.job_of(resource_meta)
    }

    fn chosen(&self, call: &Call) -> Option<String> {
        self.vendor.chosen(call)
    }
}

/// Runs it for that vendor, once with each way to lose an answer; what is left when the server has ended.
///
/// # Panics
/// A server does not start or does not end in time, or a create was not tried as often as planted.
pub async fn abandoned<V: Stormy>(binary: PathBuf) -> Vec<Report> {
    let ways: [fn(&mut V, &Call) -> Answer; 3] = [
        |vendor, call| cut(vendor.answer(call)),
        |vendor, call| after(vendor.answer(call), Answer::Reset),
        |vendor, call| after(vendor.answer(call), Answer::Page(502)),
    ];
    let mut reports = Vec::new();
    for how in ways {
        reports.push(once(binary.clone(), how).await);
    }
    reports
}

fn cut(answer: Answer) -> Answer {
    match answer {
        Answer::Json(200, body) => Answer::Cut(body),
        answer => answer,
    }
}

fn after(_done: Answer, lost: Answer) -> Answer {
    lost
}

async fn once<V: Stormy>(binary: PathBuf, how: fn(&mut V, &Call) -> Answer) -> Report {
    let pace = Pace::FAST;
    let fake = Fake::open(Planted { vendor: V::default(), creates: 0, how });
    let url = fake.url();
    let address = url.trim_start_matches("http://").parse().expect("an address");
    let launcher = VendorServer {
        binary,
        settings: pace.server_settings(),
        endpoint: V::ENDPOINT,
        of_vendor: V::settings(),
    };
    let server = Server::start(&launcher, address).await;
    let executor = FakeExecutor::builder(server.channel.clone()).rules(pace.rules()).build();
    let trouble =
        Trouble { create_deadlines: vec![Duration::from_millis(300)], ..Trouble::default() };
    let task = V::task(&url, "storm-0-0").attempts(1);
    executor.run_as("storm-0-0", &task, &trouble).await;
    // It waits for what is under way, as it does in a rollout.
    assert!(server.terminate().await.success(), "a create was cut off");
    let (creates, seen) = {
        let planted = fake.vendor();
        (planted.creates, planted.vendor.seen())
    };
    assert!(creates > FAILING, "{creates}");
    executor.report_with(&Snapshot(seen)).await
}
