//! Messages about values that several attributes take: strings, and the path of the crate.
//! `arguments/value.rs` builds them.
//! One constructor per message; `tests/ui/fail` holds cases of the same name.

use quote::ToTokens;
use syn::{LitStr, Path};

use super::{Diagnostic, Place};
use crate::words::Word;

/// Which value: that of an argument, or one element of its list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot<W> {
    pub(crate) word: W,
    pub(crate) in_list: bool,
}

impl<W: Word> Slot<W> {
    /// How `value` would be written in this place.
    pub(super) fn assign(self, value: &str) -> String {
        if self.in_list { format!("`{value}`") } else { format!("`{} = {value}`", self.word) }
    }
}

pub(crate) fn value_not_a_string<W: Word>(
    slot: Slot<W>,
    found: &str,
    value: &impl ToTokens,
) -> Diagnostic {
    let text = value.to_token_stream().to_string();
    // `BIGQUERY` is a constant's name and not the text that was meant.
    let constant = text.chars().any(char::is_alphabetic) && text == text.to_uppercase();
    let word = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let plain = word && !constant;
    let quoted = if plain { format!("\"{text}\"") } else { slot.word.example().to_owned() };
    Diagnostic::new(Place::of(value), format!("`{}` takes a string, not {found}", slot.word))
        .help(format!("write the text itself: {}", slot.assign(&quoted)))
}

pub(crate) fn value_unreadable<W: Word>(slot: Slot<W>, value: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(value), format!("the value of `{}` cannot be read", slot.word))
        .help(format!("write {}", slot.assign(slot.word.example())))
}

pub(crate) fn value_crate_quoted(text: &LitStr) -> Diagnostic {
    let path = text.value();
    let path = path.trim().trim_start_matches(':');
    Diagnostic::new(Place::of(text), "`crate` takes a path, not a string")
        .help(format!("remove the quotes: `crate = ::{path}`"))
}

pub(crate) fn value_crate_relative(path: &Path) -> Diagnostic {
    let text = path.to_token_stream().to_string().replace(' ', "");
    let text = text.trim_start_matches("self::").trim_start_matches("super::");
    Diagnostic::new(Place::of(path), "`crate` takes an absolute path")
        .help(format!("write `crate = ::{text}`, or begin with `crate::` for a module of this crate"))
        .note("the generated code stands in a scope of its own, where a relative path may mean something else")
}

pub(crate) fn value_crate_not_a_path(place: Place) -> Diagnostic {
    Diagnostic::new(place, "`crate` takes the path under which `connector_core` is reached")
        .help("write `crate = ::connector_core`")
}
