//! What the committed corpus is made of: real requests, values and metadata, the same at every run.
//! A test compares the committed corpus with it. Damaged inputs do not belong here: campaigns make
//! those, and what they find goes to `regressions`.

mod create_task;
mod msgpack;
mod resource_meta;

use connector_core::jiff::civil::date;
use connector_core::jiff::{SignedDuration, Timestamp};

use crate::corpus::Entry;
use crate::derived::{Mode, Point};

/// The targets, and the entries of each.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<Entry>)> {
    vec![
        ("create_task", create_task::entries()),
        ("msgpack", msgpack::entries()),
        ("resource_meta", resource_meta::entries()),
    ]
}

fn entry(name: &str, bytes: impl Into<Vec<u8>>) -> Entry {
    Entry { name: name.to_owned(), bytes: bytes.into() }
}

/// A moment with microseconds, before or after 1970.
fn moment(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).expect("within the years of a clock")
}

fn point() -> Point {
    Point {
        x: 1.0,
        y: -0.0,
        label: Some("caf\u{e9} \u{1f600}".to_owned()),
        tags: vec!["a".to_owned(), String::new()],
        at: moment(1_704_164_645_678_901),
        took: SignedDuration::from_micros(-1_500_000),
        mode: Mode::Fast,
    }
}

fn other_point() -> Point {
    Point {
        x: f64::NAN,
        y: f64::NEG_INFINITY,
        label: None,
        tags: Vec::new(),
        at: moment(-500_000),
        took: SignedDuration::from_secs(800 * 86_400),
        mode: Mode::Slow,
    }
}

fn leap_day() -> connector_core::jiff::civil::Date {
    date(2024, 2, 29)
}
