//! The login node of the Slurm in `cluster`: an SSH server that runs Slurm's commands and takes files. What the commands
//! print is what those of Slurm 22.05.8 without accounting printed; `tests/engines` asks the real ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use connector_testing::VendorPort;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId};
use russh_sftp::protocol::{self, Attrs, FileAttributes, OpenFlags, Status, StatusCode};
use tokio::net::TcpStream;

use crate::cluster::{Cluster, USER};

const UNKNOWN: &str = "slurm_load_jobs error: Invalid job id specified\n";
const AWAY: &str = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n";
const NO_ACCOUNTING: &str = "Slurm accounting storage is disabled\n";

/// Files by their paths.
type Files = Arc<Mutex<HashMap<String, Vec<u8>>>>;

#[derive(Debug, Clone)]
pub(crate) struct LoginNode {
    cluster: Cluster,
    port: Arc<VendorPort>,
    files: Files,
}

/// What a command printed, and how it ended.
type Ended = (String, String, u32);

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

impl LoginNode {
    /// One with a port of its own, on which nobody serves yet.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let port = Arc::new(VendorPort::bind("127.0.0.1:0").unwrap());
        Self { cluster: cluster.clone(), port, files: Files::default() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.url().rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The private key of the user whom it lets in.
    pub(crate) fn key(&self) -> String {
        key(1).to_openssh(LineEnding::LF).unwrap().to_string()
    }

    /// The line of known hosts that it is known by.
    pub(crate) fn known_host(&self) -> String {
        format!("[127.0.0.1]:{} {}", self.port(), key(2).public_key().to_openssh().unwrap())
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub(crate) fn open(&self) {
        let node = self.clone();
        let config = Config { keys: vec![key(2)], inactivity_timeout: None, ..Config::default() };
        let config = Arc::new(config);
        let serve = |listener: tokio::net::TcpListener| async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&config), node.clone()));
            }
        };
        self.port.open(serve).unwrap();
    }

    /// Runs a line of the shell.
    fn run(&self, line: &str) -> Ended {
        let words: Vec<String> =
            line.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut books = self.cluster.books();
        books.asked.push(words[0].to_owned());
        let said = |text: String| (text, String::new(), 0);
        let failed = |text: &str| (String::new(), text.to_owned(), 1);
        match words.as_slice() {
            ["mkdir", ..] => said(String::new()),
            ["sacct", ..] => failed(NO_ACCOUNTING),
            _ if books.is_out => failed(AWAY),
            ["sbatch", "--parsable", path] => {
                let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
                let script = String::from_utf8(files[*path].clone()).unwrap();
                let name = script.lines().find_map(|line| line.strip_prefix("#SBATCH --job-name="));
                said(format!("{}\n", books.submit(name.unwrap())))
            }
            ["squeue", "-h", "-t", "all", "-u", USER, name, "-o", "%i|%T|%r"] => {
                let name = name.strip_prefix("--name=").unwrap();
                let named = books.jobs.iter().filter(|job| job.name == name);
                said(named.map(|job| format!("{}|{}|None\n", job.id, job.state())).collect())
            }
            ["squeue", "-h", "-j", id, "-o", "%i|%T|%r"] => match books.look(id) {
                // Those that have ended are shown to who asks for them with `-t all`.
                Some(job) if job.is_over() => said(String::new()),
                Some(job) => said(format!("{}|{}|None\n", job.id, job.state())),
                None => failed(UNKNOWN),
            },
            ["scontrol", "show", "job", id, "--oneliner"] => match books.known(id) {
                Some(job) => said(format!(
                    "JobId={} JobName={} UserId={USER}(1000) JobState={} Reason=None Dependency=(null) ExitCode=0:0\n",
                    job.id,
                    job.name,
                    job.state()
                )),
                None => failed(UNKNOWN),
            },
            ["scancel", id] => {
                books.cancel(id);
                said(String::new())
            }
            ["tail", ..] => said(String::new()),
            _ => (String::new(), format!("bash: {line}: command not found\n"), 127),
        }
    }
}

async fn serve(stream: TcpStream, config: Arc<Config>, node: LoginNode) {
    // The system would hold small packets back for a while of real time, in which a paused clock runs on.
    stream.set_nodelay(true).unwrap();
    let visitor = Visitor { node, channels: HashMap::new() };
    // Whoever hangs up in the middle of it has not come.
    if let Ok(session) = run_stream(config, stream, visitor).await {
        drop(session.await);
    }
}

/// Somebody who has come.
struct Visitor {
    node: LoginNode,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Handler for Visitor {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        user: &str,
        shown: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let is_known =
            user == USER && shown.public_key.key_data() == key(1).public_key().key_data();
        Ok(if is_known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)?;
        let ended = self.node.run(&String::from_utf8_lossy(line));
        let delay = self.node.cluster.books().delay;
        let handle = session.handle();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            answer(&handle, channel, ended).await;
        });
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        assert_eq!(name, "sftp");
        let stream = self.channels.remove(&channel).unwrap().into_stream();
        session.channel_success(channel)?;
        russh_sftp::server::run(stream, Visit(Arc::clone(&self.node.files))).await;
        Ok(())
    }
}

async fn answer(to: &Handle, channel: ChannelId, (stdout, stderr, code): Ended) {
    let told = async {
        to.data(channel, stdout.into_bytes()).await.ok()?;
        to.extended_data(channel, 1, stderr.into_bytes()).await.ok()?;
        to.exit_status_request(channel, code).await.ok()?;
        to.eof(channel).await.ok()?;
        to.close(channel).await.ok()
    };
    // Whoever has hung up hears nothing of it.
    told.await.unwrap_or_default();
}

/// Files that are brought.
struct Visit(Files);

fn done(id: u32) -> Result<Status, StatusCode> {
    Ok(Status {
        id,
        status_code: StatusCode::Ok,
        error_message: "Ok".to_owned(),
        language_tag: "en-US".to_owned(),
    })
}

impl russh_sftp::server::Handler for Visit {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn open(
        &mut self,
        id: u32,
        path: String,
        _: OpenFlags,
        _: FileAttributes,
    ) -> Result<protocol::Handle, StatusCode> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), Vec::new());
        Ok(protocol::Handle { id, handle: path })
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Result<Status, StatusCode> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = files.get_mut(&handle).ok_or(StatusCode::NoSuchFile)?;
        let offset = usize::try_from(offset).map_err(|_| StatusCode::Failure)?;
        file.truncate(offset);
        file.extend(data);
        done(id)
    }

    async fn setstat(
        &mut self,
        id: u32,
        _: String,
        _: FileAttributes,
    ) -> Result<Status, StatusCode> {
        done(id)
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, StatusCode> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = files.get(&handle).map(|file| file.len() as u64);
        Ok(Attrs { id, attrs: FileAttributes { size, ..FileAttributes::empty() } })
    }

    async fn close(&mut self, id: u32, _: String) -> Result<Status, StatusCode> {
        done(id)
    }
}
