//! A file of settings that is read again while the server runs: to tell what in it has changed and counts
//! from the next start on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::sync::mpsc::UnboundedReceiver;

use super::{Names, Setting, read};
use crate::reread;

/// Reads again what can be read again, whenever that is asked for, and says what cannot.
pub(crate) async fn reload(mut asked: UnboundedReceiver<()>, file: Option<Reloading>) {
    while asked.recv().await.is_some() {
        reread::read_now();
        tracing::info!(
            "received SIGHUP: certificates and tokens are read again now, mounted secrets within seconds; \
             flags and variables are those of the start"
        );
        let Some(file) = &file else { continue };
        let shown = file.file();
        match file.changed() {
            Ok(keys) if keys.is_empty() => tracing::info!("{shown} has not changed"),
            Ok(keys) => {
                let keys = keys.join(", ");
                tracing::warn!("{shown} has changed; a restart is needed for {keys}");
            }
            Err(problem) => tracing::error!("the settings of the start stay, as {problem}"),
        }
    }
}

/// The settings of a file as the server was started with them.
#[derive(Debug)]
pub(crate) struct Reloading {
    file: PathBuf,
    names: Vec<(String, String)>,
    used: Vec<Setting>,
}

impl Reloading {
    pub(crate) fn new(file: PathBuf, names: &Names, used: Vec<Setting>) -> Self {
        Self { file, names: names.to_vec(), used }
    }

    /// The keys whose values are others now, sorted. Those that were there and are not, too.
    ///
    /// # Errors
    /// The file could not be used as it is now.
    pub(crate) fn changed(&self) -> Result<Vec<String>, String> {
        let now = read(&self.file, &self.names)?;
        let by_variable = |settings: &[Setting]| -> BTreeMap<String, String> {
            settings.iter().map(|it| (it.variable.clone(), it.value.clone())).collect()
        };
        let (before, after) = (by_variable(&self.used), by_variable(&now));
        let mut keys: Vec<String> = now
            .iter()
            .chain(&self.used)
            .filter(|it| before.get(&it.variable) != after.get(&it.variable))
            .map(|it| it.key.clone())
            .collect();
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// The file, for people.
    pub(crate) fn file(&self) -> std::path::Display<'_> {
        self.file.display()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Reloading;
    use crate::config::read;

    #[test]
    fn what_has_changed_since_the_start_is_told_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        let names = [("port".to_owned(), "CONNECTOR_PORT".to_owned())];
        fs::write(&file, "port = 1\n[policy]\nrate = 1\n").unwrap();
        let reloading = Reloading::new(file.clone(), &names, read(&file, &names).unwrap());
        for (text, changed) in [
            ("port = 1\n[policy]\nrate = 1", &[][..]),
            ("port = 2\n[policy]\nrate = 1", &["port"]),
            ("[policy]\nrate = 2", &["policy.rate", "port"]),
            ("port = 1\n[policy]\nrate = 1\n[connector.a]\nx = 1", &["connector.a.x"]),
            // It is compared with what is used, however often it is read.
            ("port = '1'\npolicy = { rate = 1 }", &[]),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(reloading.changed().unwrap(), changed, "{text}");
        }
        fs::write(&file, "prot = 1").unwrap();
        let error = reloading.changed().unwrap_err();
        assert!(error.contains("settings.toml: there is no `prot`"), "{error}");
    }
}
