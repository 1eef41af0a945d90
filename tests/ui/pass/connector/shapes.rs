//! Unit, tuple and named structs and enums, bare and with other attributes around.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "unit")]
#[derive(Default)]
struct Unit;

#[derive(Default)]
#[connector(task_type = "tuple")]
/// Documented between the attributes.
pub(crate) struct Tuple(u8, pub String);

#[connector(task_type = "named")]
#[derive(Debug, Default, Clone)]
#[non_exhaustive]
pub struct Named {
    /// A field.
    pub size: usize,
    #[allow(dead_code)]
    hidden: Option<Box<Named>>,
}

#[connector(task_type = "empty")]
#[derive(Default)]
struct Empty {}

#[connector(task_type = "choice")]
#[derive(Default)]
enum Choice {
    #[default]
    First,
    #[allow(dead_code)]
    Second { size: usize },
}

#[connector(task_type = "raw")]
#[derive(Default)]
#[allow(non_camel_case_types)]
struct r#try;

mod inner {
    use connector_core::prelude::*;

    #[connector(task_type = "inner")]
    #[derive(Default)]
    struct Inner;

    impl AsyncConnector for Inner {
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

implement!(Unit, Tuple, Named, Empty, Choice, r#try);

/// Nothing here waits, so one poll is enough.
fn now<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

fn main() {
    assert_eq!((Tuple::default().0, Tuple::default().1.len(), Named::default().size), (0, 0, 0));
    assert!(matches!(Choice::default(), Choice::First));
    assert_eq!(r#try::NAME, "Try Connector");
    let registry = now(Registry::linked().build()).unwrap();
    for task_type in ["unit", "tuple", "named", "empty", "choice", "raw", "inner"] {
        assert!(registry.get(task_type, 0).is_some(), "{task_type}");
    }
    assert_eq!(registry.entries().count(), 7);
}
