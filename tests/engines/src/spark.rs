//! A real Spark: a standalone master with its submission server, one worker with two cores, and the programs of the
//! tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use connector_http::Method;
use interop_tests::absent::missing;
use interop_tests::venv::{Packages, Venv};
use serde_json::Value;

use crate::group::Group;
use crate::{all_engines, free_port, rest, target, turn};

/// Spark as the tests know it.
const PACKAGES: Packages = Packages {
    name: "spark-venv",
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/spark"),
    requirements: include_str!("../spark/requirements.txt"),
    constraints: include_str!("../spark/constraints.txt"),
};

/// How long it may take until there is a worker: 8 s alone on a quiet machine.
const START: Duration = Duration::from_secs(180);

/// The key of the filter in front of a guarded submission server, in base 64.
const KEY: &str = "VGhpcyBrZXkgaXMgdGhpcnR5LXR3byBieXRlcyBsb25nIQ==";
/// A token that was signed with it (HS256), without an end.
pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJmbHl0ZSJ9.\
    YWZo9SeQ2MI-rfFelD-LUh7qu3KmzUhtmFlUxzm3L4A";

/// A running Spark.
#[derive(Debug)]
pub struct Spark {
    group: Group,
    home: PathBuf,
    python: PathBuf,
    rest: u16,
    ui: u16,
    rpc: u16,
    worker_ui: u16,
    cores: u32,
    is_guarded: bool,
}

impl Spark {
    /// The one that tests share; `None` where it is not tested, or cannot be had.
    ///
    /// # Panics
    /// It does not start, or cannot be had and this is CI.
    pub async fn shared() -> Option<Arc<Self>> {
        Self::own("Spark").await
    }

    /// One for a single test, which may kill it.
    ///
    /// # Panics
    /// As [`Spark::shared`].
    pub async fn own(name: &str) -> Option<Arc<Self>> {
        Self::with(name, 2, false).await
    }

    /// One for a single test, whose worker says that it has so many cores.
    ///
    /// # Panics
    /// As [`Spark::shared`].
    pub async fn of_cores(name: &str, cores: u32) -> Option<Arc<Self>> {
        Self::with(name, cores, false).await
    }

    /// One whose submission server wants a token.
    ///
    /// # Panics
    /// As [`Spark::shared`].
    pub async fn guarded() -> Option<Arc<Self>> {
        Self::with("Spark that wants a token", 2, true).await
    }

    async fn with(name: &str, cores: u32, is_guarded: bool) -> Option<Arc<Self>> {
        if !all_engines("Spark") {
            return None;
        }
        turn::shared(name, async || Self::install(cores, is_guarded).await).await
    }

    async fn install(cores: u32, is_guarded: bool) -> Option<Self> {
        if let Err(error) = Command::new("javac").arg("-version").output() {
            missing("Spark", &format!("there is no Java compiler: {error}"));
            return None;
        }
        let venv = Venv::of(PACKAGES, &target(), "Spark")?;
        let mut asked = venv.command("python");
        asked.args([
            "-c",
            "import sys, sysconfig; print(sysconfig.get_paths()['purelib']); print(sys.executable)",
        ]);
        let told = String::from_utf8_lossy(&asked.output().expect("Python").stdout).into_owned();
        let mut lines = told.lines();
        let home = PathBuf::from(lines.next().expect("a folder")).join("pyspark");
        let python = PathBuf::from(lines.next().expect("a program"));
        let [rest, ui, rpc, worker_ui] = [(); 4].map(|()| free_port());
        let group = Group::new("spark");
        let spark = Self { group, home, python, rest, ui, rpc, worker_ui, cores, is_guarded };
        spark.compile();
        spark.start_master();
        spark.start_worker();
        spark.ready().await;
        Some(spark)
    }

    /// Makes the jar of the tests, `job.jar`, and puts the program in Python beside it.
    fn compile(&self) {
        let folder = self.folder();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/spark");
        let run = |command: &mut Command| {
            let output = command.output().expect("Java");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        let classes = folder.join("classes");
        run(Command::new("javac").arg("-d").arg(&classes).arg(format!("{source}/Job.java")));
        let jar = folder.join("job.jar");
        run(Command::new("jar").arg("cf").arg(jar).arg("-C").arg(classes).arg("."));
        fs::copy(format!("{source}/app.py"), folder.join("app.py")).expect("a file");
    }

    /// Its folder, with the programs, where jobs of tests may leave files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.group.folder().to_path_buf()
    }

    /// The Python that has the packages of Spark.
    #[must_use]
    pub fn python(&self) -> String {
        self.python.display().to_string()
    }

    /// Where its submission server is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.rest)
    }

    /// Where the master's web UI is.
    #[must_use]
    pub fn ui(&self) -> String {
        format!("http://127.0.0.1:{}", self.ui)
    }

    fn daemon(&self, class: &str) -> Command {
        let mut command = Command::new(self.home.join("bin/spark-class"));
        command.arg(class).env("SPARK_HOME", &self.home).env("SPARK_LOCAL_IP", "127.0.0.1");
        command.env("SPARK_DAEMON_MEMORY", "256m");
        command
    }

    /// Starts a master, which reads what the one before it has left.
    pub fn start_master(&self) {
        let recovery = self.folder().join("recovery");
        let mut options = format!(
            "-Dspark.master.rest.enabled=true -Dspark.master.rest.host=127.0.0.1 -Dspark.master.rest.port={} \
             -Dspark.deploy.recoveryMode=FILESYSTEM -Dspark.deploy.recoveryDirectory={}",
            self.rest,
            recovery.display()
        );
        if self.is_guarded {
            let filter = "org.apache.spark.ui.JWSFilter";
            options.push_str(&format!(
                " -Dspark.master.rest.filters={filter} -Dspark.{filter}.param.secretKey={KEY}"
            ));
        }
        let mut command = self.daemon("org.apache.spark.deploy.master.Master");
        let (port, ui) = (self.rpc.to_string(), self.ui.to_string());
        command.args(["--host", "127.0.0.1", "--port", &port, "--webui-port", &ui]);
        self.group.start("master", command.env("SPARK_MASTER_OPTS", options));
    }

    fn start_worker(&self) {
        let mut command = self.daemon("org.apache.spark.deploy.worker.Worker");
        let (ui, folder) = (self.worker_ui.to_string(), self.folder().join("work"));
        command.args(["--host", "127.0.0.1", "--webui-port", &ui, "--memory", "3g", "--cores"]);
        command.arg(self.cores.to_string());
        command.arg("--work-dir").arg(folder).arg(format!("spark://127.0.0.1:{}", self.rpc));
        self.group.start("worker", &command);
    }

    /// Kills the master alone, as a machine that fails does: workers and drivers run on.
    ///
    /// # Panics
    /// There is none.
    pub fn kill_master(&self) {
        let mark = format!("deploy.master.Master --host 127.0.0.1 --port {}", self.rpc);
        let masters = crate::left::marked(&mark);
        assert!(!masters.is_empty(), "no master");
        for master in masters {
            let number = master.split(' ').next().unwrap_or_default().to_owned();
            drop(Command::new("kill").args(["-KILL", &number]).status());
        }
    }

    /// Waits until the master is at work and has a worker.
    ///
    /// # Panics
    /// It does not come.
    pub async fn ready(&self) {
        let has_worker = async || {
            let state = self.state().await;
            state["status"] == "ALIVE" && state["aliveworkers"] == 1
        };
        self.group.ready(START, &["master", "worker"], has_worker).await;
    }

    /// The first line that the worker wrote into a driver's log: its command line. Empty for a driver that has none.
    #[must_use]
    pub fn command_line(&self, driver: &str) -> String {
        let log = self.folder().join("work").join(driver).join("stderr");
        let log = fs::read(log).unwrap_or_default();
        String::from_utf8_lossy(&log).lines().next().unwrap_or_default().to_owned()
    }

    /// What the master knows; null while it does not say.
    pub async fn state(&self) -> Value {
        let answer = rest::asked(&self.ui(), None, Method::GET, "/json/", None).await;
        answer.map(|(_, body)| body).unwrap_or_default()
    }
}
