//! What to look for of the secrets that calls bring. Every poll of a job brings the same ones, and what is
//! looked for of a key file takes longer to make than the rest of the poll.
//! Each connector's site in `gate` has one. Bounded in number and in time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::FILTER_BITS;
use super::index::Index;
use crate::memory::{Key, Memory, Reading, Store};

/// For how many sets of secrets it is kept.
const MOST: usize = 256;
/// How long it is kept after it was made.
const FOR: Duration = Duration::from_secs(600);

/// Indexes by the secrets they are of.
#[derive(Debug)]
pub(crate) struct BroughtSecrets(Memory<Arc<Index>>);

impl BroughtSecrets {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Memory::new(MOST, FOR))
    }

    /// How many are kept.
    pub(crate) fn reading(&self) -> Reading {
        self.0.reading()
    }

    /// What to look for of these secrets.
    pub(super) fn index(&self, secrets: &BTreeMap<String, String>) -> Arc<Index> {
        let key = Key::of(secrets);
        if let Some(index) = self.0.get(&key) {
            return index;
        }
        let mut index = Index::new(FILTER_BITS);
        secrets.values().for_each(|value| index.insert(value));
        let index = Arc::new(index);
        self.0.put(key, Arc::clone(&index));
        index
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::BroughtSecrets;

    #[test]
    fn the_same_secrets_are_worked_out_once_and_others_are_not_taken_for_them() {
        let brought = BroughtSecrets::new();
        let secrets = |value: &str| [("key".to_owned(), value.to_owned())].into();
        let first = brought.index(&secrets("hunter2hunter2"));
        assert!(Arc::ptr_eq(&first, &brought.index(&secrets("hunter2hunter2"))));
        let other = brought.index(&secrets("correct horse"));
        assert!(!Arc::ptr_eq(&first, &other));
        assert_eq!(other.scrubbed("a correct horse").as_deref(), Some("a ***"));
        assert_eq!(other.scrubbed("hunter2hunter2"), None);
        assert_eq!(brought.reading().count, 2);
    }
}
