//! The connector against the rules of Flyte's executor, one test per rule, over real HTTP and on paused time.

mod vendor;

use connector_core::{Settings, literal};
use connector_testing::Task;
use connector_testing::conformance::Subject;
use {{crate_name}}::Connector;
use vendor::{FakeVendor, KEY};

fn at_a_vendor() -> Subject {
    let vendor = FakeVendor::at("127.0.0.1:0");
    let task = Task::new("{{task_type}}")
        .custom("opening", "good morning")
        .input("name", literal::string("Ada"))
        .output("text")
        .secret("api_key", KEY);
    let fake = vendor.clone();
    let make = move || {
        // Here the clock is that of the check.
        vendor.open();
        Connector::new(Settings::from_iter([("url", vendor.url())])).unwrap()
    };
    Subject::new(make).task(task).vendor(fake)
}

connector_testing::conformance!(subject = at_a_vendor());
