//! `init` as a free function, an associated one, a generic one and one in another module.

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
    assert!(registry.get("failing", 0).is_none());
    assert!(registry.failures()[0].error.message().contains("the token has expired"));
    let _ =
        |a: Free, b: Associated, c: Generic, d: Elsewhere, e: Failing| a.0 + b.0 + c.0 + d.0 + e.0;
}
