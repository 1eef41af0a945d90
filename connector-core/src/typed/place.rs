//! Where a value stands while it is read: alone in its literal, or inside an object of some class.
//! `union` asks, because the same text can be a date alone in an object and never one in a literal.
//! What reads objects says so here; the outermost one counts, as it does where objects are written.

use std::cell::Cell;

use super::Style;

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place { style: None, exactly: false }) };
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// How the outermost object is spelled; nothing outside objects.
    style: Option<Style>,
    /// Whether an object must have every field of a struct, and not only those without a default.
    exactly: bool,
}

/// Puts back what was there before, also after a panic in an author's default.
struct Before(Place);

impl Drop for Before {
    fn drop(&mut self) {
        PLACE.set(self.0);
    }
}

/// Reads what is inside an object.
pub(super) fn inside<R>(style: Style, read: impl FnOnce() -> R) -> R {
    let before = PLACE.get();
    let _before = Before(before);
    PLACE.set(Place { style: Some(before.style.unwrap_or(style)), ..before });
    read()
}

/// How the outermost object is spelled that a value is being read from.
pub(super) fn style() -> Option<Style> {
    PLACE.get().style
}

/// Reads while only objects with every field of a struct are taken for it.
pub(super) fn exactly<R>(read: impl FnOnce() -> R) -> R {
    let before = PLACE.get();
    let _before = Before(before);
    PLACE.set(Place { exactly: true, ..before });
    read()
}

/// Whether only objects with every field of a struct are taken for it.
pub(super) fn is_exact() -> bool {
    PLACE.get().exactly
}

#[cfg(test)]
mod tests {
    use super::super::Style;
    use super::{exactly, inside, is_exact, style};

    #[test]
    fn the_outermost_object_counts_until_it_ends() {
        inside(Style::Pydantic, || {
            inside(Style::Dataclass, || assert_eq!(style(), Some(Style::Pydantic)));
            exactly(|| assert!(is_exact() && style() == Some(Style::Pydantic)));
            assert!(!is_exact());
        });
        assert_eq!(style(), None);
        let panicking = || inside(Style::Dataclass, || panic!("on purpose"));
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert_eq!(style(), None);
    }
}
