//! A copy of a type that stands elsewhere.

use connector_core::prelude::*;

struct Job {
    id: String,
}

#[derive(Deserialize)]
#[serde(remote = "Job")]
struct JobCopy {
    id: String,
}

fn deserialized<'de, T: Deserialize<'de>>() -> Option<T> {
    None
}

fn main() {
    let _ = deserialized::<JobCopy>().map(|job| job.id);
    let _ = |job: Job| job.id;
}
