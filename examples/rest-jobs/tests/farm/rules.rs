//! The executor's rules, one test each, against the fake farm over real HTTP and on paused time.

use connector_core::Settings;
use connector_testing::conformance::Subject;
use rest_jobs_connector::RenderFarm;

use crate::recorded::render;
use crate::vendor::FakeFarm;

fn on_a_farm() -> Subject {
    let farm = FakeFarm::new();
    let (task, vendor) = (render(farm.url()), farm.clone());
    let make = move || {
        // Here the clock is that of the check.
        farm.open();
        RenderFarm::new(&Settings::default()).expect("a client")
    };
    Subject::new(make).task(task).vendor(vendor)
}

connector_testing::conformance!(subject = on_a_farm());
