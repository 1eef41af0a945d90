//! `init` as a free function, an associated one, a generic one and one in another module; async or
//! not, with a result or without.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "free", init = connect)]
struct Free(u8);

async fn connect(_settings: Settings) -> Result<Free> {
    Ok(Free(1))
}

#[connector(task_type = "associated", init = Self::connect)]
struct Associated(u8);

impl Associated {
    async fn connect(_settings: Settings) -> Result<Self> {
        Ok(Self(2))
    }
}

#[connector(task_type = "generic", init = make::<3>)]
struct Generic(u8);

async fn make<const N: u8>(_settings: Settings) -> Result<Generic> {
    Ok(Generic(N))
}

#[connector(task_type = "elsewhere", init = crate::elsewhere::connect)]
struct Elsewhere(u8);

mod elsewhere {
    use std::future::{Ready, ready};

    use connector_core::prelude::*;

    /// Not `async`, but returns a future all the same.
    pub(super) fn connect(_settings: Settings) -> Ready<Result<super::Elsewhere>> {
        ready(Ok(super::Elsewhere(4)))
    }
}

#[connector(task_type = "failing", init = fail)]
struct Failing(u8);

async fn fail(_settings: Settings) -> Result<Failing> {
    Err(ConnectorError::unauthenticated("the token has expired"))
}

#[connector(task_type = "at_once", init = AtOnce::new)]
struct AtOnce(u8);

impl AtOnce {
    fn new(_settings: Settings) -> Result<Self> {
        Ok(Self(5))
    }
}

#[connector(task_type = "refusing", init = refuse)]
struct Refusing(u8);

fn refuse(_settings: Settings) -> Result<Refusing> {
    Err(ConnectorError::permanent("there is no farm"))
}

#[connector(task_type = "borrowing", init = borrow)]
struct Borrowing(u8);

fn borrow(settings: &Settings) -> Result<Borrowing> {
    Ok(Borrowing(u8::from(settings.get("region").is_none())))
}

#[connector(task_type = "infallible", init = Infallible::new)]
struct Infallible(u8);

impl Infallible {
    fn new(_settings: Settings) -> Self {
        Self(6)
    }
}

#[connector(task_type = "infallible_later", init = InfallibleLater::new)]
struct InfallibleLater(u8);

impl InfallibleLater {
    async fn new(_settings: Settings) -> Self {
        Self(7)
    }
}

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

implement!(Free, Associated, Generic, Elsewhere, Failing);
implement!(AtOnce, Refusing, Borrowing, Infallible, InfallibleLater);

/// Nothing here waits, so one poll is enough.
fn now<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

fn main() {
    let registry = now(Registry::linked().build()).unwrap();
    for task_type in ["free", "associated", "generic", "elsewhere"] {
        assert!(registry.get(task_type, 0).is_some(), "{task_type}");
    }
    for task_type in ["at_once", "borrowing", "infallible", "infallible_later"] {
        assert!(registry.get(task_type, 0).is_some(), "{task_type}");
    }
    let failures: Vec<_> =
        registry.failures().iter().map(|failure| failure.error.to_string()).collect();
    assert_eq!(failures, ["the token has expired", "there is no farm"]);
    let _ =
        |a: Free, b: Associated, c: Generic, d: Elsewhere, e: Failing| a.0 + b.0 + c.0 + d.0 + e.0;
    let _ = |a: AtOnce, b: Refusing, c: Infallible, d: InfallibleLater| a.0 + b.0 + c.0 + d.0;
    let _ = |borrowing: Borrowing| borrowing.0;
    // A test makes what the server makes.
    assert_eq!(AtOnce::new(Settings::default()).unwrap().0, 5);
}
