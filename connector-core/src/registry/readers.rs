//! Which of the operator's variables connectors read, and which nobody does.
//! The builder tells it of every connector it has made; the server warns of the rest. Values are not looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::erased::DynConnector;
use crate::policy::{settings_for_one, variables_for_all};
use crate::secret::DIRECTORY;
use crate::settings::Asked;
use crate::variables;

/// What every variable of one connector begins with.
const OF_CONNECTORS: &str = "CONNECTOR__";

/// The variables that the connectors of a registry read, and those of the operator that none of them does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    readers: Readers,
    unread: Vec<UnreadVariable>,
}

/// A variable `CONNECTOR__…` that no connector reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadVariable {
    /// Its name.
    pub name: String,
    /// What it should be called, if that is certain: the variables of a connector are named after the
    /// first of its task types.
    pub instead: Option<String>,
}

impl Variables {
    /// Every variable that is read where it is set, whether it is set or not, sorted.
    pub fn read(&self) -> impl Iterator<Item = &str> {
        self.readers.read.iter().map(String::as_str)
    }

    /// Those that are set and begin with `CONNECTOR__` and that nobody reads.
    #[must_use]
    pub fn unread(&self) -> &[UnreadVariable] {
        &self.unread
    }

    /// What would become of these variables, by the same connectors.
    #[must_use]
    pub fn judged(&self, variables: &[(String, String)]) -> Self {
        self.readers.clone().judge(variables)
    }
}

impl Variables {
    /// A connector of that task type runs elsewhere: what it reads is not known here.
    pub(super) fn elsewhere(&mut self, task_type: &str) {
        let prefix = variables::prefix(task_type);
        self.unread.retain(|variable| !variable.name.starts_with(&prefix));
        self.readers.open.push(prefix);
    }
}

/// What the builder knows so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Readers {
    read: BTreeSet<String>,
    /// Where it cannot be known what is read, everything is.
    open: Vec<String>,
    /// What variables named after a further task type begin with, and what they should begin with.
    further: Vec<(String, String)>,
}

/// How a connector was made.
pub(super) enum Made<'a> {
    /// By hand, or not at all: what it reads, or would have read, is not known.
    Elsewhere,
    /// From settings; if it still holds them, it may read more of them.
    FromSettings(&'a Arc<dyn DynConnector>, Arc<Asked>),
}

impl Readers {
    pub(super) fn new() -> Self {
        let read = variables_for_all().chain([DIRECTORY.to_owned()]).collect();
        Self { read, open: Vec::new(), further: Vec::new() }
    }

    /// Takes note of a connector.
    pub(super) fn add(&mut self, task_types: &[&str], made: &Made<'_>) {
        let Some((main, others)) = task_types.split_first() else { return };
        let prefix = variables::prefix(main);
        for other in others {
            self.further.push((variables::prefix(other), prefix.clone()));
        }
        let named = |name: &str| format!("{prefix}{}", name.to_ascii_uppercase());
        self.read.insert(named("secret_hosts"));
        self.read.extend(settings_for_one().map(|name| named(&name)));
        let connector = match made {
            Made::Elsewhere => {
                self.open.push(prefix);
                return;
            }
            Made::FromSettings(connector, asked) => {
                if Arc::strong_count(asked) > 1 {
                    self.open.push(prefix.clone());
                }
                for name in asked.names() {
                    self.read.insert(named(&name));
                    self.read.insert(named(&format!("secret__{}", as_variable(&name))));
                }
                connector
            }
        };
        match connector.describe().connection {
            None => self.open.push(named("secret__")),
            Some(fields) => {
                let secrets = fields.iter().filter(|field| field.secret);
                self.read.extend(
                    secrets.map(|field| named(&format!("secret__{}", as_variable(&field.name)))),
                );
            }
        }
    }

    /// What of these variables is read.
    pub(super) fn judge(self, variables: &[(String, String)]) -> Variables {
        let set: BTreeSet<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
        let unread = set.into_iter().filter(|name| name.starts_with(OF_CONNECTORS));
        let unread = unread
            .filter(|name| !self.is_read(name))
            .map(|name| UnreadVariable { name: name.to_owned(), instead: self.instead(name) })
            .collect();
        Variables { unread, readers: self }
    }

    fn is_read(&self, name: &str) -> bool {
        self.read.contains(name) || self.open.iter().any(|prefix| name.starts_with(prefix))
    }

    fn instead(&self, name: &str) -> Option<String> {
        let mut further = self.further.iter();
        further.find_map(|(prefix, main)| Some(format!("{main}{}", name.strip_prefix(prefix)?)))
    }
}

/// A secret's name as a variable has it.
fn as_variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
