//! A real Flink: a session of one job manager and one task manager with two slots, and the jar of the tests.

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

/// Flink as the tests know it.
const PACKAGES: Packages = Packages {
    name: "flink-venv",
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/flink"),
    requirements: include_str!("../flink/requirements.txt"),
    constraints: include_str!("../flink/constraints.txt"),
};

/// How long it may take until there are slots: 7 s alone on a quiet machine.
const START: Duration = Duration::from_secs(120);

const CONFIGURATION: &str = "taskmanager.numberOfTaskSlots: 2\ntaskmanager.host: 127.0.0.1\n\
    taskmanager.cpu.cores: 2.0\ntaskmanager.memory.network.min: 64mb\ntaskmanager.memory.network.max: 64mb\n\
    taskmanager.memory.task.heap.size: 128mb\ntaskmanager.memory.task.off-heap.size: 0b\n\
    taskmanager.memory.managed.size: 128mb\ntaskmanager.memory.framework.heap.size: 128mb\n\
    taskmanager.memory.framework.off-heap.size: 128mb\ntaskmanager.memory.jvm-metaspace.size: 256mb\n\
    taskmanager.memory.jvm-overhead.min: 192mb\ntaskmanager.memory.jvm-overhead.max: 192mb\n\
    restart-strategy.type: none\n";

/// A log with the id of the job in every entry, as Flink's documentation has it.
const LOG: &str = "rootLogger.level = INFO\nrootLogger.appenderRef.file.ref = File\n\
    appender.file.name = File\nappender.file.type = FILE\nappender.file.fileName = ${sys:log.file}\n\
    appender.file.layout.type = PatternLayout\n\
    appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} [%X{flink-job-id}] %-5p %c{1} - %m%n\n";

/// What Flink's own scripts open of the Java runtime.
const OPENED: [&str; 10] = [
    "java.lang",
    "java.lang.reflect",
    "java.net",
    "java.io",
    "java.nio",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
];

/// A running Flink.
#[derive(Debug)]
pub struct Flink {
    group: Group,
    jars: PathBuf,
    rest: u16,
}

impl Flink {
    /// The one that tests share; `None` where it is not tested, or cannot be had.
    ///
    /// # Panics
    /// It does not start, or cannot be had and this is CI.
    pub async fn shared() -> Option<Arc<Self>> {
        Self::own("Flink").await
    }

    /// One for a single test, which may kill it or take its slots.
    ///
    /// # Panics
    /// As [`Flink::shared`].
    pub async fn own(name: &str) -> Option<Arc<Self>> {
        if !all_engines("Flink") {
            return None;
        }
        turn::shared(name, Self::install).await
    }

    async fn install() -> Option<Self> {
        if let Err(error) = Command::new("javac").arg("-version").output() {
            missing("Flink", &format!("there is no Java compiler: {error}"));
            return None;
        }
        let venv = Venv::of(PACKAGES, &target(), "Flink")?;
        let mut asked = venv.command("python");
        asked.args(["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]);
        let told = asked.output().expect("Python").stdout;
        let packages = PathBuf::from(String::from_utf8_lossy(&told).trim());
        let group = Group::new("flink");
        let flink = Self { group, jars: packages.join("pyflink/lib"), rest: free_port() };
        let (folder, rpc) = (flink.folder(), free_port());
        let own = format!(
            "jobmanager.rpc.address: 127.0.0.1\njobmanager.rpc.port: {rpc}\nrest.address: 127.0.0.1\n\
             rest.bind-address: 127.0.0.1\nrest.port: {}\nio.tmp.dirs: {}\nweb.tmpdir: {}\n{CONFIGURATION}",
            flink.rest,
            folder.display(),
            folder.display()
        );
        fs::create_dir(folder.join("conf")).expect("a folder");
        fs::write(folder.join("conf/config.yaml"), own).expect("a file");
        fs::write(folder.join("conf/log4j.properties"), LOG).expect("a file");
        flink.compile();
        flink.start().await;
        Some(flink)
    }

    /// Makes the jar of the tests, in the folder `jars`.
    fn compile(&self) {
        let folder = self.folder();
        let (classes, jars) = (folder.join("classes"), folder.join("jars"));
        fs::create_dir(&jars).expect("a folder");
        let run = |command: &mut Command| {
            let output = command.output().expect("Java");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/flink/Job.java");
        run(Command::new("javac")
            .args(["-cp", &self.class_path(), "-d"])
            .arg(&classes)
            .arg(source));
        run(Command::new("jar")
            .arg("cf")
            .arg(jars.join("job.jar"))
            .arg("-C")
            .arg(&classes)
            .arg("."));
    }

    fn class_path(&self) -> String {
        format!("{}/*", self.jars.display())
    }

    /// Where its REST API is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.rest)
    }

    /// Its folder, where jobs of tests may leave files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.group.folder().to_path_buf()
    }

    /// Kills all of its processes. What it knew of jobs is gone.
    pub fn kill(&self) {
        self.group.kill();
    }

    /// Starts it, at the same address.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(&self) {
        for (name, class) in [
            ("jobs", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"),
            ("tasks", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"),
        ] {
            let mut command = Command::new("java");
            command.arg("-Xmx384m");
            for opened in OPENED {
                command.arg(format!("--add-opens=java.base/{opened}=ALL-UNNAMED"));
            }
            // A folder of its own: Flink lists all that is beside its log.
            let log = self.folder().join("logs").join(format!("{name}.log"));
            let layout = self.folder().join("conf/log4j.properties");
            command.arg(format!("-Dlog.file={}", log.display()));
            command.arg(format!("-Dlog4j.configurationFile=file:{}", layout.display()));
            command.args(["-cp", &self.class_path(), class, "--configDir", "conf"]);
            self.group.start(name, &command);
        }
        self.group.ready(START, &["jobs", "tasks"], async || self.has_slots().await).await;
    }

    async fn has_slots(&self) -> bool {
        self.asked("/overview").await.is_some_and(|it| it["slots-available"] == 2)
    }

    /// Asks Flink itself; `None` where it gives no JSON.
    pub async fn asked(&self, path: &str) -> Option<Value> {
        let answer = rest::asked(&self.address(), None, Method::GET, path, None).await.ok()?;
        Some(answer.1).filter(|body| !body.is_null())
    }
}
