//! The words of the derives: their names, their helper attributes and what these may hold where.
//! `derive/attribute.rs` asks for them; the messages quote them.
//! No parsing and no message may come in here.

use std::fmt;

use super::{Shape, Vocabulary, Word};

/// The attribute of a secret, beside that of the other fields of a connection.
pub(crate) const SECRET: &str = "secret";

/// One of the derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derive {
    TaskInputs,
    TaskOutputs,
    TaskConfig,
    TaskConnection,
    FlyteType,
}

impl Derive {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [
        Self::TaskInputs,
        Self::TaskOutputs,
        Self::TaskConfig,
        Self::TaskConnection,
        Self::FlyteType,
    ];

    /// The trait's name, which is the derive's.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TaskInputs => "TaskInputs",
            Self::TaskOutputs => "TaskOutputs",
            Self::TaskConfig => "TaskConfig",
            Self::TaskConnection => "TaskConnection",
            Self::FlyteType => "FlyteType",
        }
    }

    /// The helper attribute's name.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::TaskInputs => "input",
            Self::TaskOutputs => "output",
            Self::TaskConfig => "config",
            Self::TaskConnection => "connection",
            Self::FlyteType => "flyte",
        }
    }

    /// What the type is, for the beginning of a sentence.
    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::TaskInputs => "a task's inputs",
            Self::TaskOutputs => "a task's outputs",
            Self::TaskConfig => "a task's settings",
            Self::TaskConnection => "a connection",
            Self::FlyteType => "a Flyte type",
        }
    }

    /// What a field is.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::TaskInputs => "an input",
            Self::TaskOutputs => "an output",
            Self::TaskConfig | Self::TaskConnection => "a setting",
            Self::FlyteType => "a field",
        }
    }

    const fn known(self) -> &'static [Key] {
        match self {
            Self::TaskOutputs => &[Key::Rename, Key::Crate],
            Self::TaskInputs | Self::TaskConfig | Self::TaskConnection => {
                &[Key::Rename, Key::Default, Key::Optional, Key::Crate]
            }
            Self::FlyteType => &[
                Key::Rename,
                Key::Default,
                Key::Optional,
                Key::Name,
                Key::Value,
                Key::Pydantic,
                Key::NamedTuple,
                Key::TypedDict,
                Key::Crate,
            ],
        }
    }

    const fn legal(self, position: Position) -> &'static [Key] {
        match (self, position) {
            (Self::FlyteType, Position::Struct) => {
                &[Key::Rename, Key::Pydantic, Key::NamedTuple, Key::TypedDict, Key::Crate]
            }
            (Self::FlyteType, Position::Names) => &[Key::Rename, Key::Crate],
            (_, Position::Struct | Position::Names | Position::Types) => &[Key::Crate],
            (Self::TaskOutputs, Position::Field) | (_, Position::Secret) => &[Key::Rename],
            (_, Position::Field) => &[Key::Rename, Key::Default, Key::Optional],
            (_, Position::Member) => &[Key::Name, Key::Value],
            (_, Position::Alternative) => &[],
        }
    }

    /// The words of the helper attribute in a place.
    pub(crate) fn vocabulary(self, position: Position) -> Vocabulary<Key> {
        let legal = self.legal(position);
        let attribute = if position == Position::Secret { SECRET } else { self.attribute() };
        let takes_text = |key: &&Key| matches!(key, Key::Rename | Key::Name);
        Vocabulary {
            attribute,
            known: self.known(),
            legal,
            for_text: legal.iter().find(takes_text).copied(),
            place: Some(position.phrase()),
        }
    }
}

/// Where a helper attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Above a struct.
    Struct,
    /// Above an enum of names.
    Names,
    /// Above an enum of types.
    Types,
    /// On a field.
    Field,
    /// On a field that is a secret.
    Secret,
    /// On a variant of an enum of names.
    Member,
    /// On a variant of an enum of types, or on what it holds.
    Alternative,
}

impl Position {
    /// For the end of a sentence.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Struct => "above a struct",
            Self::Names => "above an enum",
            Self::Types => "above an enum of types",
            Self::Field => "on a field",
            Self::Secret => "on a secret",
            Self::Member => "on a variant",
            Self::Alternative => "on a variant that holds a value",
        }
    }
}

/// A word in a helper attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Rename,
    Default,
    Optional,
    Name,
    Value,
    Pydantic,
    NamedTuple,
    TypedDict,
    Crate,
}

impl Word for Key {
    fn word(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::Default => "default",
            Self::Optional => "optional",
            Self::Name => "name",
            Self::Value => "value",
            Self::Pydantic => "pydantic",
            Self::NamedTuple => "named_tuple",
            Self::TypedDict => "typed_dict",
            Self::Crate => "crate",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Rename => "\"frames\"",
            Self::Default => "24",
            Self::Optional | Self::Pydantic | Self::NamedTuple | Self::TypedDict => "",
            Self::Name => "\"FAST\"",
            Self::Value => "\"fast\"",
            Self::Crate => "::connector_core",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::Optional | Self::Pydantic | Self::NamedTuple | Self::TypedDict => Shape::Flag,
            Self::Default => Shape::Either,
            Self::Rename | Self::Name | Self::Value | Self::Crate => Shape::Value,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::{Derive, Key, Position};
    use crate::words::Word;

    #[test]
    fn guesses_the_word() {
        for (derive, position, word, key) in [
            (Derive::TaskInputs, Position::Field, "name", Some(Key::Rename)),
            (Derive::TaskInputs, Position::Field, "renamed", Some(Key::Rename)),
            (Derive::TaskInputs, Position::Field, "defualt", Some(Key::Default)),
            (Derive::TaskConfig, Position::Field, "option", Some(Key::Optional)),
            (Derive::TaskOutputs, Position::Field, "default", None),
            (Derive::TaskConnection, Position::Struct, "krate", Some(Key::Crate)),
            (Derive::FlyteType, Position::Member, "names", Some(Key::Name)),
            (Derive::FlyteType, Position::Struct, "pydantic_model", Some(Key::Pydantic)),
            (Derive::FlyteType, Position::Struct, "namedtuple", Some(Key::NamedTuple)),
            (Derive::FlyteType, Position::Alternative, "nam", None),
            (Derive::TaskInputs, Position::Field, "alias", None),
        ] {
            assert_eq!(derive.vocabulary(position).nearest(word), key, "{word}");
        }
    }

    #[test]
    fn every_legal_word_is_known() {
        for derive in Derive::ALL {
            for position in [
                Position::Struct,
                Position::Names,
                Position::Types,
                Position::Field,
                Position::Secret,
                Position::Member,
                Position::Alternative,
            ] {
                let vocabulary = derive.vocabulary(position);
                for key in vocabulary.legal {
                    // Members are there for one derive only.
                    let foreign = derive != Derive::FlyteType && position == Position::Member;
                    assert!(
                        foreign || vocabulary.find(key.word()) == Some(*key),
                        "{derive:?} {key}"
                    );
                }
            }
        }
        let list = Derive::FlyteType.vocabulary(Position::Names).list();
        assert_eq!(list, "the arguments above an enum are `rename` and `crate`");
        let list = Derive::TaskOutputs.vocabulary(Position::Field).list();
        assert_eq!(list, "the one argument on a field is `rename`");
    }
}
