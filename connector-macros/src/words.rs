//! Every word an attribute may hold, once.
//! The parser looks words up here, and the messages quote them from here.
//! No parsing and no message may come in here.

use std::fmt;

/// The attribute's own name, as it stands on the struct.
pub(crate) const CONNECTOR: &str = "connector";

/// An argument of `#[connector(...)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    TaskType,
    Version,
    Name,
    Meta,
    Config,
    Inputs,
    Outputs,
    Connection,
    Init,
    Crate,
}

impl Argument {
    /// In the order in which messages and documentation list them.
    pub(crate) const ALL: [Self; 10] = [
        Self::TaskType,
        Self::Version,
        Self::Name,
        Self::Meta,
        Self::Config,
        Self::Inputs,
        Self::Outputs,
        Self::Connection,
        Self::Init,
        Self::Crate,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::TaskType => "task_type",
            Self::Version => "version",
            Self::Name => "name",
            Self::Meta => "meta",
            Self::Config => "config",
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
            Self::Connection => "connection",
            Self::Init => "init",
            Self::Crate => "crate",
        }
    }

    /// A value to show in a message, as it would be written.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::TaskType => "\"bigquery\"",
            Self::Version => "1",
            Self::Name => "\"Render Farm\"",
            Self::Meta => "RenderJob",
            Self::Config => "RenderConfig",
            Self::Inputs => "Scene",
            Self::Outputs => "Video",
            Self::Connection => "RenderAccess",
            Self::Init => "RenderFarm::connect",
            Self::Crate => "::connector_core",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|argument| argument.word() == word)
    }

    /// The argument that was probably meant by a word that is none.
    pub(crate) fn nearest(word: &str) -> Option<Self> {
        let plain = plain(word);
        let same = |argument: &Self| self::plain(argument.word()) == plain;
        // `type` for `task_type`, `metadata` for `meta`: one of the two starts or ends the other.
        let akin = |argument: &Self| {
            let other = self::plain(argument.word());
            let (short, long) =
                if plain.len() < other.len() { (&plain, &other) } else { (&other, &plain) };
            short.len() >= 3 && (long.starts_with(short.as_str()) || long.ends_with(short.as_str()))
        };
        let close = || {
            Self::ALL
                .into_iter()
                .map(|argument| (distance(&plain, &self::plain(argument.word())), argument))
                .filter(|(distance, argument)| {
                    *distance <= (plain.len().max(argument.word().len()) / 3).max(1)
                })
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, argument)| argument)
        };
        Self::ALL.into_iter().find(same).or_else(close).or_else(|| Self::ALL.into_iter().find(akin))
    }

    /// All words as a sentence quotes them: "`a`, `b` and `c`".
    pub(crate) fn list() -> String {
        let mut text = String::new();
        for (place, argument) in Self::ALL.iter().enumerate() {
            if place + 1 == Self::ALL.len() {
                text.push_str(" and ");
            } else if place > 0 {
                text.push_str(", ");
            }
            text.push_str(&format!("`{argument}`"));
        }
        text
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Without what spelling conventions add: case, underscores, the plural.
fn plain(word: &str) -> String {
    let word = word.trim_start_matches("r#").trim_end_matches('s');
    word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// How many letters must be added, removed or changed to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut left = line + 1;
        for (other, (diagonal, above)) in to.chars().zip(row.iter().zip(row.iter().skip(1))) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(letter != other));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Argument, distance};

    #[test]
    fn counts_edits() {
        for (from, to, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("version", "versoin", 2),
            ("meta", "meta", 0),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }

    #[test]
    fn guesses_the_argument() {
        for (word, argument) in [
            ("task_typ", Some(Argument::TaskType)),
            ("tasktype", Some(Argument::TaskType)),
            ("TaskType", Some(Argument::TaskType)),
            ("task_types", Some(Argument::TaskType)),
            ("type", Some(Argument::TaskType)),
            ("r#type", Some(Argument::TaskType)),
            ("versions", Some(Argument::Version)),
            ("versoin", Some(Argument::Version)),
            ("ver", Some(Argument::Version)),
            ("metadata", Some(Argument::Meta)),
            ("resource_meta", Some(Argument::Meta)),
            ("output", Some(Argument::Outputs)),
            ("krate", Some(Argument::Crate)),
            ("conection", Some(Argument::Connection)),
            ("retries", None),
            ("image", None),
            ("id", None),
            ("x", None),
        ] {
            assert_eq!(Argument::nearest(word), argument, "{word}");
        }
    }

    #[test]
    fn knows_its_own_words() {
        for argument in Argument::ALL {
            assert_eq!(Argument::from_word(argument.word()), Some(argument));
            assert_eq!(Argument::nearest(argument.word()), Some(argument));
        }
        assert_eq!(
            Argument::list(),
            "`task_type`, `version`, `name`, `meta`, `config`, `inputs`, `outputs`, \
             `connection`, `init` and `crate`"
        );
    }
}
