//! Types with commas, paths and parentheses, and the connector itself as its connection.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use connector_core::prelude::*;

mod jobs {
    use connector_core::prelude::*;

    #[derive(Serialize, Deserialize)]
    pub struct Job<const N: usize>(pub Vec<u8>);
}

#[connector(task_type = "map", meta = BTreeMap<String, Vec<(u8, Option<i64>)>>, version = 1)]
#[derive(Default)]
struct Map;

#[connector(task_type = "path", meta = crate::jobs::Job::<{ 1 + 1 }>, version = 2)]
#[derive(Default)]
struct InPath;

#[connector(task_type = "tuple", meta = (u8, [i64; 4]), version = 3)]
#[derive(Default)]
struct Tuple;

#[connector(task_type = "signature", meta = PhantomData<fn(&str, u8) -> Option<&str>>, version = 4)]
#[derive(Default)]
struct Signature;

#[connector(task_type = "projection", meta = <Vec<u8> as IntoIterator>::Item, version = 5)]
#[derive(Default)]
struct Projection;

#[connector(task_type = "itself", connection = Self, version = 6)]
#[derive(Default)]
struct Itself;

impl TaskConnection for Itself {
    fn from_connection(_connection: pb::Connection) -> Result<Self> {
        Ok(Self)
    }
}

macro_rules! implement {
    ($($connector:ty),+) => {$(
        impl AsyncConnector for $connector {
            async fn create(&self, _task: CreateTask<Self>) -> Result<Self::Meta> {
                Err(ConnectorError::unsupported("create"))
            }

            async fn get(&self, _job: &Self::Meta, _cx: &TaskContext<Self>) -> Result<Resource> {
                Err(ConnectorError::unsupported("get"))
            }

            async fn delete(&self, _job: &Self::Meta, _cx: &TaskContext<Self>) -> Result<()> {
                Ok(())
            }
        }
    )+};
}

implement!(Map, InPath, Tuple, Signature, Projection, Itself);

fn main() {
    assert_eq!(Map::VERSIONS, [1]);
    assert_eq!(InPath::VERSIONS, [2]);
    assert_eq!(Tuple::VERSIONS, [3]);
    assert_eq!(Signature::VERSIONS, [4]);
    assert_eq!(Projection::VERSIONS, [5]);
    assert_eq!(Itself::VERSIONS, [6]);
    assert_eq!(jobs::Job::<2>(vec![1]).0.len(), 1);
}
