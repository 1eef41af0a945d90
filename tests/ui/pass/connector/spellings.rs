//! Other ways to write the same literals: raw strings, escapes, other bases, one-element lists.

use connector_core::prelude::*;

#[connector(task_type = r#"raw"#, version = 0x10, name = r"Raw \ Connector")]
#[derive(Default)]
struct Raw;

#[connector(task_type = ["\u{62}ake",], version = [1_0, 2i32,], name = "Größe \"B\"")]
#[derive(Default)]
struct Escaped;

#[connector(task_type = "largest", version = 2147483647)]
#[derive(Default)]
struct Largest;

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

implement!(Raw, Escaped, Largest);

fn main() {
    assert_eq!((Raw::TASK_TYPES, Raw::VERSIONS), (&["raw"][..], &[16][..]));
    assert_eq!(Raw::NAME, r"Raw \ Connector");
    assert_eq!((Escaped::TASK_TYPES, Escaped::VERSIONS), (&["bake"][..], &[10, 2][..]));
    assert_eq!(Escaped::NAME, "Größe \"B\"");
    assert_eq!(Largest::VERSIONS, [i32::MAX]);
}
