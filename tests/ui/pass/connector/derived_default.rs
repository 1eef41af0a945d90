//! A derived `Default`, above and below the attribute, of a struct of every shape.

use std::sync::Mutex;

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "named")]
#[derive(Debug, Default, Clone)]
#[allow(dead_code)]
struct Named {
    retries: u32,
    #[cfg(any())]
    never: Missing,
    #[cfg(all())]
    names: Vec<String>,
    nothing: [u8; 0],
}

#[connector(task_type = "tuple")]
#[derive(Default)]
struct Tuple(u32, Mutex<Option<String>>);

#[connector(task_type = "unit")]
#[derive(Debug, Default, PartialEq)]
struct Unit;

#[derive(Debug, Default)]
#[connector(task_type = "above")]
struct Above {
    retries: u32,
}

#[connector(task_type = "by_hand")]
struct ByHand(u32);

impl Default for ByHand {
    fn default() -> Self {
        Self(7)
    }
}

#[connector(task_type = "choice")]
#[derive(Debug, Default, PartialEq)]
enum Choice {
    #[default]
    First,
    Second(u8),
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

implement!(Named, Tuple, Unit, Above, ByHand, Choice);

fn main() {
    let named = Named::default().clone();
    assert!(named.retries == 0 && named.names.is_empty() && named.nothing.is_empty());
    let Tuple(number, text) = Tuple::default();
    assert_eq!((number, text.into_inner().unwrap()), (0, None));
    assert_eq!((Unit::default(), Choice::default()), (Unit, Choice::First));
    assert!(Above::default().retries == 0 && ByHand::default().0 == 7);
    assert_ne!(Choice::Second(1), Choice::First);
    let _ = Registry::builder().register(named).register(Unit);
}
