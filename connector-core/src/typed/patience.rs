//! How often a union may be wrong about a value: unions inside unions multiply their guesses.
//! `union` asks before each guess, so that no value can keep a call busy for ever.
//! Values that fit, and values that fit nowhere at once, never come near the limit.

use std::cell::Cell;

use rmpv::Value;

use super::form::Form;

/// Wrong guesses that are always allowed, counted in values looked at.
const ALWAYS: u64 = 100_000;
/// Wrong guesses allowed for each value of the whole.
const PER_VALUE: u64 = 16;

thread_local! {
    /// How many unions are being read, one inside the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// What is left of the patience with the outermost.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// A union being read; the outermost starts with new patience.
pub(super) struct Reading(());

impl Reading {
    pub(super) fn of(form: &Form<'_>) -> Self {
        let depth = DEPTH.get();
        if depth == 0 {
            LEFT.set(ALWAYS.saturating_add(weight(form).saturating_mul(PER_VALUE)));
        }
        DEPTH.set(depth.saturating_add(1));
        Self(())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Whether another guess may be made.
pub(super) fn is_left() -> bool {
    LEFT.get() > 0
}

/// Counts a wrong guess.
pub(super) fn lose(form: &Form<'_>) {
    LEFT.set(LEFT.get().saturating_sub(weight(form)));
}

/// About how many values a guess looks at.
fn weight(form: &Form<'_>) -> u64 {
    let inside = match form {
        Form::Values(values) => values.iter().map(values_in).sum(),
        Form::Fields(fields) => fields.iter().map(|(_, value)| values_in(value)).sum(),
        Form::Literals(literals) => u64::try_from(literals.len()).unwrap_or(u64::MAX),
        Form::Entries(entries) => u64::try_from(entries.len()).unwrap_or(u64::MAX),
        _ => 0,
    };
    inside.saturating_add(1)
}

/// Not deeper than msgpack may be: `msgpack` has seen to that.
fn values_in(value: &Value) -> u64 {
    match value {
        Value::Array(values) => 1 + values.iter().map(values_in).sum::<u64>(),
        Value::Map(fields) => 1 + fields.iter().map(|(_, value)| values_in(value)).sum::<u64>(),
        _ => 1,
    }
}
