//! Slurm's commands on the login node: what is asked, and what the answers mean.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;
use russh_sftp::protocol::{FileAttributes, OpenFlags};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::shell::quote;
use crate::ssh::{COMMAND_TIMEOUT, Connection, Login, Output, Pool};
use crate::states::{
    Standing, folded, is_id, of_sacct, of_scontrol, of_squeue, streams, submitted,
};

/// How squeue and sacct are to tell of jobs.
const SQUEUE: &str = "-o '%i|%T|%r'";
const SACCT: &str = "--format=JobIDRaw,State,ExitCode,Reason";
/// How far back a job of the same attempt is looked for.
const LOOK_BACK: &str = "now-7days";
/// How often, and how long apart, a job is looked for whose submission was not answered. A controller that is
/// busy makes sbatch wait, and the job comes to be after the answer was lost.
const LOOKS: u32 = 6;
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What Slurm's commands say where they do not reach its controller or database, in lower case.
const UNREACHED: [&str; 6] = [
    "unable to contact",
    "connection timed out",
    "connection refused",
    "socket timed out",
    "slurmdbd",
    "protocol authentication error",
];

/// Slurm as one user sees it from a login node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cluster<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) login: &'a Login,
}

/// What is known of a job by its name.
#[derive(Debug)]
pub(crate) enum Found {
    Job(String),
    /// Slurm has none.
    None,
    /// The queue has none, and the accounting does not answer.
    Unsure(ConnectorError),
}

/// What a command's answer says of jobs.
enum Told {
    Jobs(Vec<Standing>),
    /// There is none such.
    Nothing,
    /// It cannot say.
    Unreached(ConnectorError),
}

impl Cluster<'_> {
    /// The user's home directory.
    ///
    /// # Errors
    /// As [`Cluster::run`]; [`ErrorKind::Permanent`]: the shell does not say it.
    pub(crate) async fn home(&self) -> Result<String> {
        let output = self.run("pwd").await?;
        // Whatever a shell prints at its start comes first.
        let home = output.stdout.lines().map(str::trim).rfind(|line| !line.is_empty());
        match home.filter(|home| home.starts_with('/')) {
            Some(home) => Ok(home.to_owned()),
            None => Err(self.refused("pwd", &output)),
        }
    }

    /// Puts files there that are the user's alone, and the directory they are in.
    ///
    /// # Errors
    /// As [`Cluster::run`]; [`ErrorKind::Permanent`]: they cannot be written.
    pub(crate) async fn write(&self, directory: &str, files: &[(&str, &str)]) -> Result<()> {
        let line = format!("mkdir -p {}", quote(directory)?);
        let made = self.run(&line).await?;
        if made.code != Some(0) {
            return Err(self.refused(&line, &made));
        }
        let connection = self.pool.connect(self.login).await?;
        let write = timeout(COMMAND_TIMEOUT, write(&connection, files)).await;
        let limit = COMMAND_TIMEOUT.as_secs();
        write.unwrap_or_else(|_| {
            Err(ConnectorError::transient(format!(
                "writing the job's script took longer than {limit} s"
            )))
        })
    }

    /// Submits a script that is there, with these arguments of sbatch. Where the answer is lost the job is looked for.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: Slurm refuses it. [`ErrorKind::Transient`]: Slurm is not reached.
    pub(crate) async fn submit(&self, arguments: &str, name: &str) -> Result<String> {
        let line = format!("sbatch {arguments}");
        let connection = self.pool.connect(self.login).await?;
        let lost = match connection.run(&line).await {
            Ok(output) if output.code == Some(0) => match submitted(&output.stdout) {
                Some(id) => return Ok(id.to_owned()),
                None => self.unexpected(&line, &output),
            },
            Ok(output) => match self.unreached("sbatch", &output) {
                Some(error) => error,
                None => return Err(self.refused(&line, &output)),
            },
            Err(error) => {
                self.pool.forget(self.login, &connection).await;
                error
            }
        };
        tracing::warn!(
            name,
            "the job was submitted, and the answer is lost; it is looked for: {lost}"
        );
        for _ in 0..LOOKS {
            if let Ok(Found::Job(id)) = self.find(name).await {
                return Ok(id);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(lost)
    }

    /// The job of that name, of this user. One that was cancelled is none.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: Slurm is not reached.
    pub(crate) async fn find(&self, name: &str) -> Result<Found> {
        let (name, user) = (quote(name)?, quote(&self.login.username)?);
        let line = format!("squeue -h -t all -u {user} --name={name} {SQUEUE}");
        match self.ask("squeue", &line, of_squeue).await? {
            Told::Jobs(jobs) => {
                if let Some(id) = first(jobs) {
                    return Ok(Found::Job(id));
                }
            }
            Told::Nothing => {}
            Told::Unreached(error) => return Err(error),
        }
        let line = format!("sacct -X -n -P -S {LOOK_BACK} -u {user} --name={name} {SACCT}");
        match self.ask("sacct", &line, of_sacct).await? {
            Told::Jobs(jobs) => Ok(first(jobs).map_or(Found::None, Found::Job)),
            Told::Nothing => Ok(Found::None),
            Told::Unreached(error) => Ok(Found::Unsure(error)),
        }
    }

    /// Where a job stands, as the first of squeue, sacct and scontrol knows it; `None` if none does.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: Slurm is not reached.
    pub(crate) async fn standing(&self, id: &str) -> Result<Option<Standing>> {
        let id = self.id(id)?;
        let line = format!("squeue -h -j {id} {SQUEUE}");
        match self.ask("squeue", &line, of_squeue).await? {
            Told::Jobs(jobs) => return Ok(folded(jobs)),
            Told::Nothing => {}
            Told::Unreached(error) => return Err(error),
        }
        let line = format!("sacct -X -n -P -j {id} {SACCT}");
        let accounting = match self.ask("sacct", &line, of_sacct).await? {
            Told::Jobs(jobs) => return Ok(folded(jobs)),
            Told::Nothing => None,
            Told::Unreached(error) => Some(error),
        };
        // The controller keeps a finished job for a while, which is all there is without accounting.
        let line = format!("scontrol show job {id} --oneliner");
        match (self.ask("scontrol", &line, of_scontrol).await?, accounting) {
            (Told::Jobs(jobs), _) => Ok(folded(jobs)),
            (Told::Unreached(error), _) | (Told::Nothing, Some(error)) => Err(error),
            (Told::Nothing, None) => Ok(None),
        }
    }

    /// Where a job writes its output and its errors, while the controller knows it.
    ///
    /// # Errors
    /// As [`Cluster::run`].
    pub(crate) async fn streams(&self, id: &str) -> Result<Option<[String; 2]>> {
        let output = self.run(&format!("scontrol show job {} --oneliner", self.id(id)?)).await?;
        Ok(streams(&output.stdout))
    }

    /// Makes sure that the controller knows the jobs that a script is to wait for. Accounting does not count: what
    /// the controller has forgotten it leaves out, however it ended.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it does not know one. [`ErrorKind::Transient`]: Slurm is not reached.
    pub(crate) async fn knows(&self, ids: BTreeSet<&str>) -> Result<()> {
        for id in ids {
            let line = format!("scontrol show job {id} --oneliner");
            match self.ask("scontrol", &line, of_scontrol).await? {
                Told::Jobs(_) => {}
                Told::Unreached(error) => return Err(error),
                Told::Nothing => {
                    return Err(unknown(id, &self.login.host));
                }
            }
        }
        Ok(())
    }

    /// Ends a job; one that has ended, or is unknown, is as good. Of an unknown one `scancel` says nothing and exits
    /// with 0 unless it is asked to be verbose (seen with 22.05.8).
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: Slurm is not reached. [`ErrorKind::Permanent`]: it refuses.
    pub(crate) async fn cancel(&self, id: &str) -> Result<()> {
        let line = format!("scancel {}", self.id(id)?);
        let output = self.run(&line).await?;
        let said = output.stderr.to_ascii_lowercase();
        let is_gone =
            said.contains("invalid job id") || said.contains("already completing or completed");
        if output.code == Some(0) || is_gone {
            return Ok(());
        }
        Err(self.unreached("scancel", &output).unwrap_or_else(|| self.refused(&line, &output)))
    }

    /// The last lines of a file; nothing if it is not there.
    ///
    /// # Errors
    /// As [`Cluster::run`].
    pub(crate) async fn tail(&self, path: &str, lines: u64) -> Result<String> {
        let output = self.run(&format!("tail -n {lines} {} 2>/dev/null", quote(path)?)).await?;
        let text = if output.code == Some(0) { output.stdout } else { String::new() };
        Ok(self.login.hide_key(&text))
    }

    /// Runs a line that may run twice: once more where the connection was lost.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`], or why there is no connection.
    pub(crate) async fn run(&self, line: &str) -> Result<Output> {
        let connection = self.pool.connect(self.login).await?;
        let first = connection.run(line).await;
        let Err(error) = first else { return first };
        self.pool.forget(self.login, &connection).await;
        if !connection.is_closed() {
            return Err(error);
        }
        let connection = self.pool.connect(self.login).await?;
        connection.run(line).await
    }

    async fn ask(
        &self,
        command: &str,
        line: &str,
        read: impl Fn(&str) -> Vec<Standing>,
    ) -> Result<Told> {
        let output = self.run(line).await?;
        let jobs = read(&output.stdout);
        if !jobs.is_empty() {
            return Ok(Told::Jobs(jobs));
        }
        Ok(self.unreached(command, &output).map_or(Told::Nothing, Told::Unreached))
    }

    /// The failure, if it says that Slurm is not reached, and not that it knows no such job. What nobody can
    /// tell apart counts as the first: a job that is taken for gone is lost, one that is asked about again is not.
    fn unreached(&self, command: &str, output: &Output) -> Option<ConnectorError> {
        let said = output.stderr.to_ascii_lowercase();
        let knows_no_job = said.contains("invalid job id");
        // Without accounting sacct says so, or is not even installed.
        let is_no_accounting = command == "sacct"
            && (output.code == Some(127) || said.contains("accounting storage is disabled"));
        if output.code == Some(0) || knows_no_job || is_no_accounting {
            return None;
        }
        let is_unreached = UNREACHED.iter().any(|mark| said.contains(mark));
        let is_question = command != "sbatch" && command != "scancel";
        if !is_unreached && (!is_question || said.trim().is_empty()) {
            return None;
        }
        Some(ConnectorError::transient(format!(
            "`{command}` could not reach Slurm on {} ({}): {}",
            self.login.host,
            ended(output),
            self.said(output)
        )))
    }

    fn refused(&self, line: &str, output: &Output) -> ConnectorError {
        let hint = if output.code == Some(127) {
            ". Slurm's commands must be in the PATH that a shell without a terminal has there"
        } else {
            ""
        };
        ConnectorError::permanent(format!(
            "`{line}` failed on {} ({}): {}{hint}",
            self.login.host,
            ended(output),
            self.said(output)
        ))
    }

    fn unexpected(&self, line: &str, output: &Output) -> ConnectorError {
        ConnectorError::transient(format!(
            "`{line}` on {} does not say the job's id: {}",
            self.login.host,
            self.said(output)
        ))
    }

    /// What a command has said, without the key, in a length for people.
    fn said(&self, output: &Output) -> String {
        let said = [&output.stderr, &output.stdout].map(|text| text.trim());
        let said = said.into_iter().find(|text| !text.is_empty()).unwrap_or("it says nothing");
        self.login.hide_key(said).chars().take(2_000).collect()
    }

    fn id<'a>(&self, id: &'a str) -> Result<&'a str> {
        if is_id(id) {
            return Ok(id);
        }
        Err(ConnectorError::not_found(format!("{id:?} is no id of a Slurm job")))
    }
}

/// That a job is to wait for one that the controller does not know.
pub(crate) fn unknown(id: &str, whose: &str) -> ConnectorError {
    ConnectorError::invalid_task(format!(
        "the job is to wait for job {id}, which Slurm's controller on {whose} does not know: there was none, or it \
         ended so long ago that it is forgotten (MinJobAge). Slurm would leave such a dependency out and run the job \
         at once, so nothing was submitted. Name a job that is known, or leave the dependency out if it has been met"
    ))
}

fn ended(output: &Output) -> String {
    output.code.map_or_else(|| "ended from outside".to_owned(), |code| format!("rc={code}"))
}

/// The job that counts of those with one name: the oldest that was not cancelled.
fn first(jobs: Vec<Standing>) -> Option<String> {
    let alive = jobs.into_iter().filter(|job| job.phase() != Some(Phase::Aborted));
    // Tasks of an array are told under `7_1`, parts of a heterogeneous job under `7+1`.
    let id = |job: Standing| job.id.split(['_', '+']).next().map(str::to_owned);
    alive.filter_map(id).filter(|id| is_id(id)).min_by_key(|id| (id.len(), id.clone()))
}

async fn write(connection: &Arc<Connection>, files: &[(&str, &str)]) -> Result<()> {
    let way = connection.files().await?;
    for (path, text) in files {
        write_one(&way, path, text).await.map_err(|error| {
            let message = format!("`{path}` cannot be written on the login node: {error}");
            if connection.is_closed() {
                ConnectorError::transient(message)
            } else {
                ConnectorError::permanent(message)
            }
        })?;
    }
    // The files are there; what becomes of the channel does not count.
    drop(way.close().await);
    Ok(())
}

async fn write_one(
    way: &russh_sftp::client::SftpSession,
    path: &str,
    text: &str,
) -> Result<(), russh_sftp::client::error::Error> {
    let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
    // Nobody else may read the variables in it, not for a moment.
    let private = FileAttributes { permissions: Some(0o700), ..FileAttributes::empty() };
    let mut file = way.open_with_flags_and_attributes(path, flags, private.clone()).await?;
    file.write_all(text.as_bytes()).await?;
    file.close().await?;
    way.set_metadata(path, private).await
}
