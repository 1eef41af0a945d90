//! Durations and times of the standard library, as inputs and inside an object.

use std::time::{Duration, SystemTime};

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Window {
    from: SystemTime,
    length: Duration,
}

#[derive(Debug, PartialEq, TaskInputs)]
struct Scene {
    window: Window,
    started: Option<SystemTime>,
    #[input(default = Duration::from_secs(30))]
    pause: Duration,
}

fn read(literals: impl IntoIterator<Item = (&'static str, pb::Literal)>) -> Result<Scene> {
    Scene::from_literals(literals.into_iter().collect::<NamedLiterals>())
}

fn main() {
    let window = Window {
        from: SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
        length: Duration::from_millis(250),
    };
    let literal = window.clone().into_literal().unwrap();
    let scene = read([("window", literal.clone())]).unwrap();
    let pause = Duration::from_secs(30);
    assert_eq!(scene, Scene { window, started: None, pause });

    let negative = connector_core::jiff::SignedDuration::from_secs(-1).into_literal().unwrap();
    let error = read([("window", literal), ("pause", negative)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().contains("`pause`: expected a timedelta, found a negative one"), "{error}");
}
