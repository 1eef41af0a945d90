//! A real Slurm of one node, with a login node: controller, node, munge, slurmrestd and an SSH server, all in one folder
//! and on ports of their own. Without accounting, as small clusters are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use interop_tests::absent::missing;
use serde_json::{Value, json};

use crate::group::Group;
use crate::jobs::Attempt;
use crate::slurm_shims::PLACES;
use crate::{free_port, slurm_gpus, slurm_shims, slurmrestd, turn, until};

/// How long it may take until the node takes jobs: half a second on a quiet machine.
const START: Duration = Duration::from_secs(60);
/// What has to be installed; distributions keep some of it where users have no need to look.
const PROGRAMS: [&str; 7] =
    ["munged", "slurmctld", "slurmd", "slurmrestd", "sbatch", "sshd", "ssh-keygen"];

/// A running Slurm.
#[derive(Debug)]
pub struct Slurm {
    group: Group,
    controller: Mutex<u32>,
    folder: PathBuf,
    user: String,
    ssh: u16,
    rest: u16,
    key: String,
    known_host: String,
}

impl Slurm {
    /// The one that tests share; `None` where it is not installed.
    ///
    /// # Panics
    /// It does not start, or is not installed and this is CI.
    pub async fn shared() -> Option<Arc<Self>> {
        turn::shared("Slurm", async || Self::start().await).await
    }

    async fn start() -> Option<Self> {
        let found =
            |program: &str| PLACES.split(':').any(|place| Path::new(place).join(program).exists());
        if let Some(program) = PROGRAMS.into_iter().find(|program| !found(program)) {
            missing(
                "Slurm",
                &format!("there is no `{program}`; .ci/run says which packages have it"),
            );
            return None;
        }
        if !slurmrestd::has_tokens() {
            missing("Slurm", &"there is no plug-in auth/jwt; .ci/run says which package has it");
            return None;
        }
        let group = Group::new("slurm");
        let folder = group.folder().to_path_buf();
        let said = |program: &str, words: &[&str]| {
            let output =
                Command::new(program).args(words).output().expect("a program of every system");
            String::from_utf8(output.stdout).expect("text").trim().to_owned()
        };
        let (user, host) = (said("id", &["-un"]), said("hostname", &["-s"]));
        let [controller, node, ssh, rest] = std::array::from_fn(|_| free_port());
        for name in ["state", "spool", "home", "bin"] {
            fs::create_dir(folder.join(name)).expect("a folder");
        }
        // Users of the cluster reach the socket of munge and their files through it.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("permissions");
        secret(&folder.join("munge.key"), 1024);
        secret(&folder.join("jwt.key"), 32);
        fs::write(
            folder.join("slurm.conf"),
            configuration(&folder, &host, &user, controller, node),
        )
        .expect("a file");
        for name in ["host", "user", "stranger"] {
            let path = folder.join(name);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
                .arg(&path)
                .status();
            assert!(made.is_ok_and(|made| made.success()), "ssh-keygen");
        }
        fs::write(folder.join("sshd_config"), ssh_configuration(&folder, ssh)).expect("a file");
        slurm_gpus::write(&folder);
        // Where the server of Debian leaves its rights, which its service makes otherwise.
        drop(fs::create_dir_all("/run/sshd"));
        slurm_shims::write(&folder);

        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a key");
        let host_key = read("host.pub");
        let slurm = Self {
            controller: Mutex::new(0),
            user,
            ssh,
            rest,
            key: read("user"),
            known_host: format!("[127.0.0.1]:{ssh} {host_key}"),
            folder: folder.clone(),
            group: {
                let mut munge = program("munged");
                munge.args(["--foreground", "--force"]);
                munge.arg(format!("--key-file={}", folder.join("munge.key").display()));
                munge.arg(format!("--socket={}", folder.join("munge.sock").display()));
                munge.arg(format!("--pid-file={}", folder.join("munged.pid").display()));
                munge.arg(format!("--log-file={}", folder.join("munged.txt").display()));
                munge.arg(format!("--seed-file={}", folder.join("munge.seed").display()));
                group.start("munged", &munge);
                let mut server = program("sshd");
                server.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
                group.start("sshd", &server);
                group
            },
        };
        let socket = folder.join("munge.sock");
        until("munge's socket", START, async || socket.exists().then_some(())).await;
        slurm.start_controller().await;
        let mut node = program("slurmd");
        node.args(["-D", "-f"]).arg(folder.join("slurm.conf"));
        slurm.group.start("slurmd", &node);
        let idle = async || slurm.said("sinfo", &["-h", "-o", "%T"]).contains("idle").then_some(());
        until("the node is idle", START, idle).await;
        let daemon = slurmrestd::command(program("slurmrestd"), &folder, rest);
        slurm.group.start("slurmrestd", &daemon);
        until("slurmrestd", START, async || slurmrestd::answers(rest).then_some(())).await;
        Some(slurm)
    }

    pub(crate) const fn rest_port(&self) -> u16 {
        self.rest
    }

    /// Who its jobs run as.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Its folder, where jobs of tests may leave files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the controller. It may write down what it knows: one that is killed starts with what it last wrote, and a
    /// job whose start is not in that waits for ever once it has ended (seen with 22.05.8).
    ///
    /// # Panics
    /// It does not run.
    pub async fn end_controller(&self) {
        let number = self.controller.lock().unwrap_or_else(PoisonError::into_inner).to_string();
        let killed = Command::new("kill").args(["-TERM", &number]).status();
        assert!(killed.is_ok_and(|killed| killed.success()), "slurmctld {number}");
        let gone = async || self.said("scontrol", &["ping"]).contains("is DOWN").then_some(());
        until("the controller ends", START, gone).await;
    }

    /// Starts the controller, with what it knew, and waits until it answers.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start_controller(&self) {
        let mut controller = program("slurmctld");
        controller.args(["-D", "-f"]).arg(self.folder.join("slurm.conf"));
        self.group.start("slurmctld", &controller);
        *self.controller.lock().unwrap_or_else(PoisonError::into_inner) = self.group.process();
        let answers = async || self.said("scontrol", &["ping"]).contains("is UP").then_some(());
        until("the controller answers", START, answers).await;
    }

    /// What one of Slurm's commands prints.
    ///
    /// # Panics
    /// There is no such command.
    #[must_use]
    pub fn said(&self, command: &str, words: &[&str]) -> String {
        let Output { stdout, .. } = program(command)
            .args(words)
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .output()
            .expect("a command of Slurm");
        String::from_utf8_lossy(&stdout).into_owned()
    }

    /// Id, state and name of all jobs that the controller knows and that have that comment.
    #[must_use]
    pub fn commented(&self, comment: &str) -> Vec<[String; 3]> {
        let told = self.said("squeue", &["-h", "-t", "all", "-o", "%i|%T|%j|%k"]);
        let rows = told.lines().map(|line| line.split('|').map(str::to_owned).collect::<Vec<_>>());
        rows.filter_map(|row| match <[String; 4]>::try_from(row) {
            Ok([id, state, name, its]) if its == comment => Some([id, state, name]),
            _ => None,
        })
        .collect()
    }

    /// Ids and states of the jobs that have not ended.
    #[must_use]
    pub fn queue(&self) -> String {
        self.said("squeue", &["-h", "-o", "%i|%T"])
    }

    /// Cancels what a case that failed has left: those after it would wait for the node.
    ///
    /// # Panics
    /// Something is left after `limit`.
    pub async fn clear_queue(&self, limit: Duration) {
        if !self.queue().is_empty() {
            drop(self.said("scancel", &["--user", &self.user]));
        }
        until("the queue is empty", limit, async || self.queue().is_empty().then_some(())).await;
    }

    /// A script as a task of the official plug-in, with the user's key.
    #[must_use]
    pub fn script(&self, script: &str, more: Value) -> Attempt {
        self.attempt(self.custom(script, more))
    }

    /// The settings of such a task.
    ///
    /// # Panics
    /// `more` is no object.
    #[must_use]
    pub fn custom(&self, script: &str, more: Value) -> Value {
        let mut custom = json!({
            "connection": {"host": "127.0.0.1", "port": self.ssh, "username": self.user},
            "sbatch": {}, "sbatch_options": {}, "env": {}, "script": script,
            "working_dir": self.folder.join("home").display().to_string(),
        });
        let settings = custom.as_object_mut().expect("an object");
        let Value::Object(more) = more else { panic!("no object: {more}") };
        settings.extend(more);
        custom
    }

    /// A task of those settings, with the user's key.
    #[must_use]
    pub fn attempt(&self, custom: Value) -> Attempt {
        self.with_secrets(Attempt::of("slurm_script", custom))
    }

    /// An attempt with the user's key.
    #[must_use]
    pub fn with_secrets(&self, attempt: Attempt) -> Attempt {
        let told = |attempt: Attempt, (name, value): &(String, String)| attempt.secret(name, value);
        self.secrets().iter().fold(attempt, told)
    }

    /// The user's key, and by which key the login node is known.
    #[must_use]
    pub fn secrets(&self) -> [(String, String); 2] {
        let told = [("ssh_private_key", &self.key), ("known_hosts_data", &self.known_host)];
        told.map(|(name, value)| (name.to_owned(), value.clone()))
    }

    /// The private key of somebody whom nobody knows.
    ///
    /// # Panics
    /// The folder is gone.
    #[must_use]
    pub fn stranger(&self) -> String {
        fs::read_to_string(self.folder.join("stranger")).expect("a key")
    }

    /// The line of known hosts with a key that the login node does not have.
    ///
    /// # Panics
    /// The folder is gone.
    #[must_use]
    pub fn other_host(&self) -> String {
        let key = fs::read_to_string(self.folder.join("stranger.pub")).expect("a key");
        format!("[127.0.0.1]:{} {key}", self.ssh)
    }

    /// The variables of an operator who says where tasks run.
    #[must_use]
    pub fn place(&self) -> Vec<(String, String)> {
        let home = self.folder.join("home").display().to_string();
        [
            ("HOST", "127.0.0.1"),
            ("PORT", &self.ssh.to_string()),
            ("USERNAME", &self.user),
            ("WORKING_DIR", &home),
        ]
        .map(|(name, value)| (format!("FLYTE_SLURM_{name}"), value.to_owned()))
        .into()
    }

    /// The variables of an operator who lends the user's key, as logs need it.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let known = self.folder.join("known_hosts");
        fs::write(&known, &self.known_host).expect("a file");
        [
            ("FLYTE_SLURM_SSH_PRIVATE_KEY", self.key.clone()),
            ("FLYTE_SLURM_KNOWN_HOSTS", known.display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

fn program(name: &str) -> Command {
    let place =
        PLACES.split(':').map(|place| Path::new(place).join(name)).find(|path| path.exists());
    // sshd wants to be called by its whole path.
    let mut command = Command::new(place.unwrap_or_else(|| name.into()));
    command.env("PATH", PLACES);
    command
}

fn secret(path: &Path, bytes: u64) {
    use std::io::Read as _;
    let mut noise = Vec::new();
    let random = fs::File::open("/dev/urandom").expect("noise");
    random.take(bytes).read_to_end(&mut noise).expect("noise");
    fs::write(path, noise).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o400)).expect("permissions");
}

fn configuration(folder: &Path, host: &str, user: &str, controller: u16, node: u16) -> String {
    let tokens = slurmrestd::configuration(folder);
    let (gpus, kinds) = (slurm_gpus::OF_THE_NODE, slurm_gpus::KINDS);
    let folder = folder.display();
    format!(
        "ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
{tokens}{kinds}SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=300
ReturnToService=2
KillWait=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 {gpus} State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"
    )
}

/// With the mark of the folder's processes for all that users start, which are jobs, too, and away from what the
/// user's own shell does at its start.
fn ssh_configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
LogLevel VERBOSE
Subsystem sftp internal-sftp
SetEnv HOME={folder}/home SLURM_CONF={folder}/slurm.conf ENGINE_TESTS_FOLDER={folder} PATH={folder}/bin:{PLACES}
"
    )
}
