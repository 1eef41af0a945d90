//! A real Ray: one head node with its dashboard, which is where jobs are submitted.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use connector_core::Secret;
use connector_http::Method;
use interop_tests::venv::{Packages, Venv};
use serde_json::Value;

use crate::group::Group;
use crate::{free_port, rest, target, turn};

/// Ray as the tests know it.
const PACKAGES: Packages = Packages {
    name: "ray-venv",
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/ray"),
    requirements: include_str!("../ray/requirements.txt"),
    constraints: include_str!("../ray/constraints.txt"),
};

/// How long it may take until the dashboard answers: 12 s alone on a quiet machine.
const START: Duration = Duration::from_secs(120);
/// Ray replaces 127.0.0.1 by the machine's outside address, but not this one, which is the same machine.
const NODE: &str = "127.0.0.2";

/// A running Ray.
#[derive(Debug)]
pub struct Ray {
    group: Group,
    venv: Venv,
    token: Option<String>,
    dashboard: u16,
}

impl Ray {
    /// The one that tests share, without authentication; `None` where it cannot be installed.
    ///
    /// # Panics
    /// It does not start, or cannot be installed and this is CI.
    pub async fn shared() -> Option<Arc<Self>> {
        turn::shared("Ray", async || Self::install(None).await).await
    }

    /// One for a single test, which may kill it.
    ///
    /// # Panics
    /// As [`Ray::shared`].
    pub async fn own(name: &str) -> Option<Arc<Self>> {
        turn::shared(name, async || Self::install(None).await).await
    }

    /// One that lets in nobody without that token.
    ///
    /// # Panics
    /// As [`Ray::shared`].
    pub async fn with_token(token: &str) -> Option<Arc<Self>> {
        turn::shared("Ray with a token", async || Self::install(Some(token.to_owned())).await).await
    }

    async fn install(token: Option<String>) -> Option<Self> {
        let venv = Venv::of(PACKAGES, &target(), "Ray")?;
        let group = Group::new("ray");
        let ray = Self { group, venv, token, dashboard: free_port() };
        ray.start().await;
        Some(ray)
    }

    /// Where its dashboard is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.dashboard)
    }

    /// Its folder, where jobs of tests may leave files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.group.folder().to_path_buf()
    }

    /// Kills all of its processes, with those of its jobs. What it knew of jobs is gone.
    pub fn kill(&self) {
        self.group.kill();
    }

    /// Starts it, at the same address.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(&self) {
        let command = self.command(&self.folder());
        self.group.start("ray", &command);
        self.group.ready(START, &["ray"], async || self.takes_jobs().await).await;
    }

    async fn takes_jobs(&self) -> bool {
        self.asked(Method::GET, "/api/jobs/", None).await.is_ok_and(|(status, _)| status == 200)
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = self.venv.command("ray");
        command
            .args(["start", "--head", "--block", "--num-cpus=2", "--disable-usage-stats"])
            .args(["--include-dashboard=true", "--dashboard-host=127.0.0.1"])
            .args(["--object-store-memory=80000000", &format!("--node-ip-address={NODE}")])
            .arg(format!("--dashboard-port={}", self.dashboard))
            .arg(format!("--port={}", free_port()))
            .arg(format!("--ray-client-server-port={}", free_port()))
            .arg(format!("--dashboard-agent-listen-port={}", free_port()))
            .arg(format!("--temp-dir={}", folder.join("r").display()))
            .env("RAY_USAGE_STATS_ENABLED", "0")
            .env("RAY_DISABLE_IMPORT_WARNING", "1");
        if let Some(token) = &self.token {
            command.env("RAY_AUTH_MODE", "token").env("RAY_AUTH_TOKEN", token);
        }
        command
    }

    /// Asks Ray itself: status and body, where it is JSON.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn asked(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> connector_core::Result<(u16, Value)> {
        let token = self.token.clone().map(Secret::new);
        rest::asked(&self.address(), token.as_ref(), method, path, body).await
    }
}
