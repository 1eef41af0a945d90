//! Mounted secrets are read again while the server runs, and stay known to the log.
//! `server` starts it; it ends with the server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connector_core::{OperatorSecrets, Registry};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::scrub::KnownSecrets;

/// How often files are read. Kubernetes itself takes up to a minute to bring a new value.
const EVERY: Duration = Duration::from_secs(10);

/// Reads mounted secrets again for as long as this lives.
#[derive(Debug)]
pub struct Rotation(Option<AbortHandle>);

impl Rotation {
    /// Starts with the secrets of every connector's operator. Where there are none it does nothing.
    pub fn start(registry: &Registry) -> Self {
        let mut all: Vec<(String, Arc<OperatorSecrets>)> = Vec::new();
        for entry in registry.entries().filter(|entry| !entry.operator.is_never_any()) {
            if !all.iter().any(|(_, known)| Arc::ptr_eq(known, &entry.operator)) {
                all.push((entry.key.task_type.to_string(), Arc::clone(&entry.operator)));
            }
        }
        if all.is_empty() {
            return Self(None);
        }
        // Known before the first call can say them.
        for (_, secrets) in &all {
            note(secrets);
        }
        Self(Some(tokio::spawn(run(all)).abort_handle()))
    }
}

impl Drop for Rotation {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn run(all: Vec<(String, Arc<OperatorSecrets>)>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    loop {
        ticks.tick().await;
        for (connector, secrets) in &all {
            let reading = Arc::clone(secrets);
            // A file system can hang; the threads that serve must not.
            let Ok(read) = tokio::task::spawn_blocking(move || reading.refresh()).await else {
                return;
            };
            note(secrets);
            if read.changed {
                tracing::info!(connector, "secrets of the operator have changed");
            }
            let before = told.insert(connector.clone(), read.problems.clone());
            if before.as_ref() != Some(&read.problems) {
                for problem in &read.problems {
                    tracing::warn!(connector, "a secret of the operator cannot be read: {problem}");
                }
            }
        }
    }
}

fn note(secrets: &OperatorSecrets) {
    secrets.each_value(|value| KnownSecrets::of_process().note(value));
}

#[cfg(test)]
mod tests {
    use std::fs;

    use connector_core::prelude::*;
    use connector_core::{Registry, Secret};

    use super::{EVERY, KnownSecrets, Rotation};
    use crate::scrub::Scrub;

    struct Render;

    impl ConnectorSpec for Render {
        const NAME: &'static str = "Render";
        const TASK_TYPES: &'static [&'static str] = &["render", "preview"];
        const VERSIONS: &'static [i32] = &[0];
        type Meta = JobId;
        type Config = ();
        type Inputs = ();
        type Outputs = ();
        type Connection = DynamicConnection;
    }

    impl AsyncConnector for Render {
        async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
            Ok(JobId::new("j"))
        }

        async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
            Ok(Resource::running())
        }

        async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_mounted_secret_that_changes_is_used_and_hidden() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("render/api_key");
        fs::create_dir(root.path().join("render")).unwrap();
        fs::write(&file, "rotation-test-old").unwrap();
        let variables = [
            ("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap()),
            ("CONNECTOR__RENDER__SECRET_HOSTS", "farm.example"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let registry = Registry::builder().register(Render).variables(variables);
        let registry = registry.build().await.unwrap();
        let operator = registry.get("preview", 0).unwrap().operator.clone();
        let shown = |secret: Option<Secret>| {
            secret.map(|secret| secret.expose_for("farm.example").unwrap().to_owned())
        };
        assert_eq!(shown(operator.get("api_key")).as_deref(), Some("rotation-test-old"));

        let rotation = Rotation::start(&registry);
        let known = KnownSecrets::of_process();
        assert_eq!(known.scrubbed("rotation-test-old").as_deref(), Some("***"));
        let version = operator.version();
        fs::write(&file, "rotation-test-new").unwrap();
        for _ in 0..10 {
            tokio::time::sleep(EVERY).await;
        }
        assert!(operator.version() > version);
        assert_eq!(shown(operator.get("api_key")).as_deref(), Some("rotation-test-new"));
        tokio::time::sleep(EVERY).await;
        assert_eq!(known.scrubbed("rotation-test-new").as_deref(), Some("***"));
        drop(rotation);
    }

    #[tokio::test]
    async fn without_secrets_of_operators_nothing_is_started() {
        let registry = Registry::builder().register(Render).build().await.unwrap();
        assert!(Rotation::start(&registry).0.is_none());
    }
}
