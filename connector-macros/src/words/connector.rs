//! The words of `#[connector(...)]`.
//! `connector/args.rs` asks for them; the messages quote them.
//! No parsing and no message may come in here.

use std::fmt;

use proc_macro2::TokenTree;

use super::{Shape, Vocabulary, Word};

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
    Sync,
    Policy,
    Init,
    Crate,
}

/// In the order in which messages and documentation list them.
const ALL: [Argument; 12] = [
    Argument::TaskType,
    Argument::Version,
    Argument::Name,
    Argument::Meta,
    Argument::Config,
    Argument::Inputs,
    Argument::Outputs,
    Argument::Connection,
    Argument::Sync,
    Argument::Policy,
    Argument::Init,
    Argument::Crate,
];

impl Argument {
    pub(crate) const fn vocabulary() -> Vocabulary<Self> {
        Vocabulary {
            attribute: CONNECTOR,
            known: &ALL,
            legal: &ALL,
            for_text: Some(Self::TaskType),
            place: None,
        }
    }
}

impl Word for Argument {
    fn word(self) -> &'static str {
        match self {
            Self::TaskType => "task_type",
            Self::Version => "version",
            Self::Name => "name",
            Self::Meta => "meta",
            Self::Config => "config",
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
            Self::Connection => "connection",
            Self::Sync => "sync",
            Self::Policy => "policy",
            Self::Init => "init",
            Self::Crate => "crate",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::TaskType => "\"bigquery\"",
            Self::Version => "1",
            Self::Name => "\"Render Farm\"",
            Self::Meta => "RenderJob",
            Self::Config => "RenderConfig",
            Self::Inputs => "Scene",
            Self::Outputs => "Video",
            Self::Connection => "RenderAccess",
            // It takes none.
            Self::Sync => "sync",
            Self::Policy => "Policy::new()",
            Self::Init => "RenderFarm::connect",
            Self::Crate => "::connector_core",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::Sync => Shape::Flag,
            _ => Shape::Value,
        }
    }

    fn after_value(self, found: &TokenTree) -> Option<&'static str> {
        match (self, found) {
            (Self::TaskType, TokenTree::Literal(_)) => {
                Some("to serve two task types, give a list: `task_type = [\"a\", \"b\"]`")
            }
            (Self::Version, TokenTree::Literal(_)) => {
                Some("to serve two versions, give a list: `version = [0, 1]`")
            }
            (Self::Init, TokenTree::Group(_)) => {
                Some("name the function only; it is called with the connector's `Settings`")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Argument};
    use crate::words::Word;

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
            ("snyc", Some(Argument::Sync)),
            ("synchronous", Some(Argument::Sync)),
            ("polcy", Some(Argument::Policy)),
            ("policies", Some(Argument::Policy)),
            ("retry_policy", Some(Argument::Policy)),
            ("poll_interval", None),
            ("krate", Some(Argument::Crate)),
            ("conection", Some(Argument::Connection)),
            ("retries", None),
            ("image", None),
            ("id", None),
            ("x", None),
        ] {
            assert_eq!(Argument::vocabulary().nearest(word), argument, "{word}");
        }
    }

    #[test]
    fn knows_its_own_words() {
        let vocabulary = Argument::vocabulary();
        for argument in ALL {
            assert_eq!(vocabulary.find(argument.word()), Some(argument));
            assert_eq!(vocabulary.nearest(argument.word()), Some(argument));
        }
        assert_eq!(
            vocabulary.list(),
            "the arguments are `task_type`, `version`, `name`, `meta`, `config`, `inputs`, \
             `outputs`, `connection`, `sync`, `policy`, `init` and `crate`"
        );
    }
}
