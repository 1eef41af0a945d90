//! Which Flyte calls. The two speak of most things alike; where they do not, what is written for a caller
//! is written as the caller's side spells it.
//! A server says it with every call; types that are spelled in two ways ask for it here.

use std::cell::Cell;
use std::fmt;

/// Which Flyte calls a connector.
///
/// A connector hardly ever needs to know: values are read in both spellings and written in the caller's.
/// It matters to metadata that the Python connector of either version must be able to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Flyte {
    /// Flyte 1: `flytepropeller`, and connectors are called agents.
    V1,
    /// Flyte 2.
    #[default]
    V2,
}

impl fmt::Display for Flyte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "Flyte 1",
            Self::V2 => "Flyte 2",
        })
    }
}

thread_local! {
    static READER: Cell<Flyte> = const { Cell::new(Flyte::V2) };
}

/// Puts back what was there before, also after a panic in an author's type.
struct Before(Flyte);

impl Drop for Before {
    fn drop(&mut self) {
        READER.set(self.0);
    }
}

/// Writes values for a reader of that Flyte.
pub(crate) fn writing_for<R>(reader: Flyte, write: impl FnOnce() -> R) -> R {
    let _before = Before(READER.replace(reader));
    write()
}

/// For whom values are being written.
pub(crate) fn reader() -> Flyte {
    READER.get()
}

#[cfg(test)]
mod tests {
    use super::{Flyte, reader, writing_for};

    #[test]
    fn the_reader_is_one_until_the_end_of_what_is_written() {
        assert_eq!(reader(), Flyte::V2);
        writing_for(Flyte::V1, || {
            writing_for(Flyte::V2, || assert_eq!(reader(), Flyte::V2));
            assert_eq!(reader(), Flyte::V1);
        });
        let panicking = || writing_for(Flyte::V1, || panic!("on purpose"));
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert_eq!(reader(), Flyte::V2);
    }
}
