//! What the database knows of an attempt, read when a write has changed nothing.

use bytes::Bytes;

use crate::engine::Row;

/// What the database knows of an attempt.
pub(super) struct Known {
    pub(super) status: String,
    pub(super) meta: Option<Bytes>,
    pub(super) fence: i64,
    pub(super) superseded: bool,
}

impl Known {
    pub(super) fn of(mut row: Row) -> Self {
        Self {
            status: row.text().unwrap_or_default(),
            meta: row.bytes(),
            fence: row.int().unwrap_or_default(),
            superseded: row.int() == Some(1),
        }
    }
}
