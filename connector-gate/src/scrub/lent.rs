//! The secrets that an operator lends to the calls of one connector, ready to be taken out of what it
//! says. Each connector's site in `gate` has one; what is looked for is made anew when they change.

use std::sync::{Arc, PoisonError, RwLock};

use connector_core::OperatorSecrets;

use super::FILTER_BITS;
use super::index::Index;

/// Secrets of one connector's operator.
#[derive(Debug)]
pub(crate) struct LentSecrets {
    secrets: Arc<OperatorSecrets>,
    made: RwLock<Made>,
}

#[derive(Debug, Default)]
struct Made {
    version: Option<u64>,
    index: Option<Arc<Index>>,
}

impl LentSecrets {
    /// For these secrets; `None` if the operator gave none and mounts none.
    pub(crate) fn of(secrets: &Arc<OperatorSecrets>) -> Option<Self> {
        if secrets.is_never_any() {
            return None;
        }
        Some(Self { secrets: Arc::clone(secrets), made: RwLock::default() })
    }

    /// What to look for now; `None` if there is nothing.
    pub(super) fn index(&self) -> Option<Arc<Index>> {
        let version = Some(self.secrets.version());
        // A panic while the lock is held cannot leave anything half made.
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if made.version == version {
            return made.index.clone();
        }
        drop(made);
        let mut index = Index::new(FILTER_BITS);
        self.secrets.each_value(|value| index.insert(value));
        let index = (!index.is_empty()).then(|| Arc::new(index));
        *self.made.write().unwrap_or_else(PoisonError::into_inner) =
            Made { version, index: index.clone() };
        index
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use connector_core::OperatorSecrets;

    use super::LentSecrets;
    use crate::scrub::{BroughtSecrets, Scrub, Scrubber};

    #[test]
    fn what_is_mounted_is_hidden_also_after_it_changed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("render")).unwrap();
        let file = root.path().join("render/api_key");
        let variables = [
            ("CONNECTOR_SECRETS_DIR".to_owned(), root.path().to_str().unwrap().to_owned()),
            ("CONNECTOR__RENDER__SECRET__TOKEN".to_owned(), "\u{feff}first-token\r\n".to_owned()),
        ];
        let secrets = Arc::new(OperatorSecrets::read("render", &variables).unwrap());
        let lent = LentSecrets::of(&secrets).unwrap();
        let scrubbed =
            |text| Scrubber::of(None, &BroughtSecrets::new(), Some(&lent)).unwrap().scrubbed(text);
        assert_eq!(scrubbed("first-token mounted-1").as_deref(), Some("*** mounted-1"));
        for (value, hidden) in [("mounted-1", "***, mounted-2"), ("mounted-2", "***, ***")] {
            fs::write(&file, format!("\u{feff}{value}\n")).unwrap();
            assert!(secrets.refresh().changed);
            assert_eq!(scrubbed("mounted-1, mounted-2").as_deref(), Some(hidden));
        }
    }

    #[test]
    fn without_an_operator_there_is_nothing_to_do() {
        assert!(LentSecrets::of(&Arc::default()).is_none());
    }
}
