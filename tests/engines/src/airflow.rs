//! A real Airflow: scheduler, DAG processor, triggerer and API server, as `airflow standalone` starts them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use connector_core::Secret;
use connector_http::Method;
use interop_tests::venv::{Packages, Venv};
use serde_json::{Value, json};

use crate::group::Group;
use crate::{all_engines, free_port, rest, target, turn};

/// Airflow as the tests know it.
const PACKAGES: Packages = Packages {
    name: "airflow-venv",
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/airflow"),
    requirements: include_str!("../airflow/requirements.txt"),
    constraints: include_str!("../airflow/constraints.txt"),
};

/// How long it may take until every DAG is known: 15 s alone on a quiet machine.
const START: Duration = Duration::from_secs(180);
/// How many DAGs there are.
const DAGS: u64 = 6;

/// The user who may do everything.
pub const USER: &str = "admin";
/// The user's password.
pub const PASSWORD: &str = "the-password-of-the-tests";
/// A user who may look only, with the same password.
pub const VIEWER: &str = "viewer";

/// A running Airflow.
#[derive(Debug)]
pub struct Airflow {
    group: Group,
    venv: Venv,
    ports: [u16; 3],
}

impl Airflow {
    /// The one that tests share; `None` where it is not tested, or cannot be installed.
    ///
    /// # Panics
    /// It does not start, or cannot be installed and this is CI.
    pub async fn shared() -> Option<Arc<Self>> {
        Self::own("Airflow").await
    }

    /// One for a single test, which may kill it.
    ///
    /// # Panics
    /// As [`Airflow::shared`].
    pub async fn own(name: &str) -> Option<Arc<Self>> {
        if !all_engines("Airflow") {
            return None;
        }
        turn::shared(name, Self::install).await
    }

    async fn install() -> Option<Self> {
        let venv = Venv::of(PACKAGES, &target(), "Airflow")?;
        let group = Group::new("airflow");
        let airflow = Self { group, venv, ports: [free_port(), free_port(), free_port()] };
        let passwords = json!({USER: PASSWORD, VIEWER: PASSWORD}).to_string();
        fs::write(airflow.folder().join("passwords.json"), passwords).expect("a file");
        airflow.start().await;
        Some(airflow)
    }

    /// Where its API is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// Host and port of its API.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// Its folder, where jobs of tests may leave files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.group.folder().to_path_buf()
    }

    /// Kills all of its processes, with those of its tasks. What it knows of runs is in its database.
    pub fn kill(&self) {
        self.group.kill();
    }

    /// Starts it, at the same address and with the same database, and waits until it knows its DAGs.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(&self) {
        self.start_part("standalone");
        self.group.ready(START, &["standalone"], async || self.knows_its_dags().await).await;
        // All but one, which is there to be asleep.
        for dag in ["works", "one_at_a_time", "once", "parts", "picky"] {
            self.pause(dag, false).await;
        }
    }

    /// Starts it without a scheduler, and waits until it answers: runs can be asked about and cancelled, and none goes
    /// on.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start_without_scheduler(&self) {
        self.start_part("dag-processor");
        self.start_part("api-server");
        self.group.ready(START, &["api-server"], async || self.knows_its_dags().await).await;
    }

    /// Starts a scheduler, beside an API that answers.
    pub fn start_scheduler(&self) {
        self.start_part("scheduler");
    }

    /// Kills the scheduler that was started last, and nothing that it started.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill_scheduler(&self) {
        let scheduler = self.group.process().to_string();
        let killed = Command::new("kill").args(["-KILL", &scheduler]).status();
        assert!(killed.is_ok_and(|killed| killed.success()), "scheduler {scheduler}");
    }

    fn start_part(&self, part: &str) {
        self.group.start(part, &self.command(part));
    }

    async fn knows_its_dags(&self) -> bool {
        let dags = self.asked(Method::GET, "/api/v2/dags", None).await;
        dags.is_ok_and(|(status, dags)| status == 200 && dags["total_entries"] == DAGS)
    }

    fn command(&self, part: &str) -> Command {
        let folder = self.folder();
        let mut command = self.venv.command("airflow");
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = Path::new(command.get_program()).parent().expect("a folder").to_path_buf();
        let text = |path: PathBuf| path.display().to_string();
        let [api, logs, triggers] = self.ports.map(|port| port.to_string());
        let dags = concat!(env!("CARGO_MANIFEST_DIR"), "/airflow/dags").to_owned();
        let execution = format!("{}/execution/", self.address());
        command.arg(part).env("AIRFLOW_HOME", &folder);
        // `standalone` looks for `airflow` there.
        command.env("PATH", format!("{}:{path}", bin.display()));
        for (name, value) in [
            ("CORE__DAGS_FOLDER", dags),
            ("CORE__LOAD_EXAMPLES", "False".to_owned()),
            ("CORE__PARALLELISM", "8".to_owned()),
            ("CORE__EXECUTION_API_SERVER_URL", execution),
            ("CORE__SIMPLE_AUTH_MANAGER_USERS", format!("{USER}:admin,{VIEWER}:viewer")),
            ("CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", text(folder.join("passwords.json"))),
            ("API__HOST", "127.0.0.1".to_owned()),
            ("API__PORT", api),
            ("API__WORKERS", "1".to_owned()),
            ("LOGGING__WORKER_LOG_SERVER_PORT", logs),
            ("LOGGING__TRIGGER_LOG_SERVER_PORT", triggers),
            ("DAG_PROCESSOR__PARSING_PROCESSES", "1".to_owned()),
            ("USAGE_DATA_COLLECTION__ENABLED", "False".to_owned()),
        ] {
            command.env(format!("AIRFLOW__{name}"), value);
        }
        if part == "scheduler" {
            // Soon, for the tasks of one that died: 300 by default.
            command.env("AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL", "5");
        }
        command
    }

    /// Has so many tasks run at once.
    ///
    /// # Panics
    /// Airflow refuses.
    pub async fn room(&self, slots: u32) {
        let pool = json!({"slots": slots});
        let path = "/api/v2/pools/default_pool?update_mask=slots";
        let answer = self.asked(Method::PATCH, path, Some(&pool)).await;
        assert!(matches!(answer, Ok((200, _))), "{answer:?}");
    }

    /// Pauses a DAG, or has it go on.
    ///
    /// # Panics
    /// Airflow refuses.
    pub async fn pause(&self, dag: &str, paused: bool) {
        let path = format!("/api/v2/dags/{dag}");
        let answer = self.asked(Method::PATCH, &path, Some(&json!({"is_paused": paused}))).await;
        assert!(matches!(answer, Ok((200, _))), "{answer:?}");
    }

    /// Asks Airflow itself: status and body, where it is JSON.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn asked(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> connector_core::Result<(u16, Value)> {
        let (address, user) = (self.address(), json!({"username": USER, "password": PASSWORD}));
        let (_, signed) =
            rest::asked(&address, None, Method::POST, "/auth/token", Some(&user)).await?;
        let token = Secret::new(signed["access_token"].as_str().unwrap_or_default());
        rest::asked(&address, Some(&token), method, path, body).await
    }
}
