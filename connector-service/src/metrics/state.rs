//! Whether the database of the state is there, and what went by it: read when the page is printed.

use connector_state::Store;
use prometheus::Error;
use prometheus::proto::MetricType;

use super::readings::{Reading, Readings};

/// The numbers of a store.
///
/// # Errors
/// An illegal name, which would be a mistake in this file.
pub(super) fn readings(store: Store) -> Result<Readings<5>, Error> {
    let number = |name, help, kind| Reading { name, help, kind };
    let numbers = [
        number(
            "connector_state_up",
            "Whether the database of the state is there: 1, or 0 while this process is on its own memory.",
            MetricType::GAUGE,
        ),
        number(
            "connector_state_away_operations_total",
            "Claims and writes that the database of the state was not there for.",
            MetricType::COUNTER,
        ),
        number(
            "connector_state_pending_writes",
            "Writes that wait for the database of the state.",
            MetricType::GAUGE,
        ),
        number(
            "connector_state_lost_writes_total",
            "Writes that the database of the state will never get: too many waited, or it refused them.",
            MetricType::COUNTER,
        ),
        number(
            "connector_state_replicas",
            "How many servers use the database of the state, this one among them.",
            MetricType::GAUGE,
        ),
    ];
    #[expect(clippy::cast_precision_loss, reason = "they stay far below 2^53")]
    Readings::new(numbers, move || {
        let now = store.readings();
        [
            Some(f64::from(u8::from(now.is_up))),
            Some(now.away_operations as f64),
            Some(now.pending_writes as f64),
            Some(now.lost_writes as f64),
            Some(now.replicas as f64),
        ]
    })
}
