//! Carries what a script wrote from the login node's file system to Flyte's storage, over SFTP and without
//! ever having a whole file.

use std::sync::Arc;

use connector_core::prelude::*;
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;

use super::Storage;
use crate::job::{DeclaredOutput, SubmittedJob};
use crate::ssh::{Login, Pool};

/// More files in one directory are refused: each is a call of its own.
const MOST_FILES: usize = 10_000;

/// The way to the cluster, and how much may be carried on it.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) pool: Arc<Pool>,
    pub(crate) login: Login,
    /// In bytes for each output; `None` for any size.
    pub(crate) most: Option<u64>,
}

/// How carrying ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carried {
    /// All is where it belongs.
    All,
    /// The task's author has to know.
    Problem(String),
}

/// A file on the cluster: its path below the output's own, and its size.
type Part = (String, u64);

/// Brings every output of a job that is to be carried, and looks for the others. What is there already, as
/// large as it should be, is not carried again.
///
/// # Errors
/// [`ErrorKind::Transient`]: the login node or the storage is not reached. [`ErrorKind::Permanent`]: there is
/// no access to that storage.
pub(crate) async fn carry(way: &Way, job: &SubmittedJob) -> Result<Carried> {
    let mut missing = Vec::new();
    let mut files = None;
    for (name, output) in &job.declared_outputs {
        let storage = Storage::at(&output.uri);
        if !output.is_carried() {
            // Where it cannot be looked at, the job is believed.
            let is_missing = match &storage {
                Some(storage) => !storage.exists().await,
                None => false,
            };
            if is_missing {
                missing.push(format!("{name} at {}", output.uri));
            }
            continue;
        }
        let storage = storage.ok_or_else(|| Storage::no_access(&output.uri))?;
        let session = match files.take() {
            Some(session) => session,
            None => way.pool.connect(&way.login).await?.files().await?,
        };
        let carried = one(&session, way.most, job, name, output, &storage).await?;
        files = Some(session);
        match carried {
            Some(Carried::All) => {}
            Some(problem) => return Ok(problem),
            None => missing.push(format!("{name} at {}", output.written_to)),
        }
    }
    if missing.is_empty() {
        return Ok(Carried::All);
    }
    Ok(Carried::Problem(format!(
        "Slurm job {} succeeded but did not write every declared output: {}. The script is given each destination \
         as FLYTE_OUTPUT_<NAME> and must write there.",
        job.job_id,
        missing.join("; ")
    )))
}

/// Carries one output; `None` if the script did not write it.
async fn one(
    session: &SftpSession,
    most: Option<u64>,
    job: &SubmittedJob,
    name: &str,
    output: &DeclaredOutput,
    storage: &Storage,
) -> Result<Option<Carried>> {
    let is_folder = output.kind == "directory";
    let failed = |error: SftpError| {
        ConnectorError::transient(format!(
            "the output `{name}` cannot be read on the cluster: {error}"
        ))
    };
    let parts = match is_folder {
        true => walk(session, &output.written_to).await.map_err(failed)?,
        false => file(session, &output.written_to).await.map_err(failed)?,
    };
    if parts.is_empty() {
        return Ok(None);
    }
    if parts.len() > MOST_FILES {
        return Ok(Some(Carried::Problem(format!(
            "Output '{name}' of Slurm job {} has more than {MOST_FILES} files, more than the connector moves on a \
             job's behalf. Put them into an archive, or set output_upload='job' on the task.",
            job.job_id
        ))));
    }
    let size: u64 = parts.iter().map(|(_, size)| size).sum();
    if let Some(most) = most.filter(|most| size >= *most) {
        return Ok(Some(Carried::Problem(too_large(job, name, size, most))));
    }
    for (relative, size) in parts {
        let (from, to) = match is_folder {
            true => (format!("{}/{relative}", output.written_to), storage.below(&relative)),
            false => (output.written_to.clone(), storage.clone()),
        };
        if to.size().await == Some(size) {
            continue;
        }
        let source = session.open(from).await.map_err(failed)?;
        to.write(source).await.map_err(|error| {
            ConnectorError::transient(format!(
                "the output `{name}` cannot be written to {}: {error}",
                output.uri
            ))
        })?;
    }
    Ok(Some(Carried::All))
}

async fn file(session: &SftpSession, path: &str) -> Result<Vec<Part>, SftpError> {
    let about = there(session.metadata(path).await)?;
    let size = about.filter(|about| !about.is_dir()).and_then(|about| about.size);
    Ok(size.map(|size| (String::new(), size)).into_iter().collect())
}

/// Every file below a directory, but none that a link leads to.
async fn walk(session: &SftpSession, path: &str) -> Result<Vec<Part>, SftpError> {
    let (mut parts, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        let Some(entries) = there(session.read_dir(format!("{path}/{folder}")).await)? else {
            continue;
        };
        for entry in entries {
            let name = entry.file_name();
            // A name is one part of a path, whatever the other side says.
            if name.contains('/') || matches!(name.as_str(), "" | "." | "..") {
                continue;
            }
            let relative = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let about = entry.metadata();
            if entry.file_type().is_dir() {
                folders.push(relative);
            } else if entry.file_type().is_file() {
                parts.push((relative, about.size.unwrap_or_default()));
            }
            if parts.len() + folders.len() > MOST_FILES + 1 {
                return Ok(parts);
            }
        }
    }
    Ok(parts)
}

/// What is there; `None` if nothing is.
fn there<T>(answer: Result<T, SftpError>) -> Result<Option<T>, SftpError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
        Err(error) => Err(error),
    }
}

fn too_large(job: &SubmittedJob, name: &str, size: u64, most: u64) -> String {
    let mega = |bytes: u64| bytes.div_ceil(1_000_000);
    format!(
        "Output '{name}' of Slurm job {} is {} MB, above the {} MB the connector will move on a job's behalf. Set \
         output_upload='job' on the task and have the script upload to the URI it is given in \
         FLYTE_OUTPUT_<NAME>. The operator can raise FLYTE_SLURM_CONNECTOR_UPLOAD_MAX_BYTES.",
        job.job_id,
        mega(size),
        mega(most)
    )
}
