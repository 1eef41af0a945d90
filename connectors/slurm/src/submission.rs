//! What a create does: names the job, looks for it, writes its script, submits it.

use std::collections::BTreeMap;

use connector_core::prelude::*;

use crate::cluster::Cluster;
use crate::config::{SlurmTask, text};
use crate::job::{DeclaredOutput, Files, SubmittedJob, name};
use crate::outputs::Storage;
use crate::script::{self, Frame, UserScript, variable};
use crate::shell::quote;
use crate::ssh::Login;
use crate::{FUNCTION, Found, Slurm};

/// Where a job's files are if nobody says it, from the home directory.
const DIRECTORY: &str = ".flyte/jobs";

/// The job of an attempt: the one that is there already, or a new one.
///
/// # Errors
/// As [`AsyncConnector::create`].
pub(crate) async fn submit(
    slurm: &Slurm,
    task: &CreateTask<Slurm>,
    login: Login,
) -> Result<SubmittedJob> {
    let key = task.idempotency_key();
    let name = name(task.template.id.as_ref(), key.as_ref());
    // What is wrong with the task is told before anything is asked of the cluster.
    render(task, &name, &Files::of("/", &name))?;
    let cluster = slurm.cluster(&login);
    let directory = directory(slurm, task.config.working_dir.as_deref(), &cluster).await?;
    let files = Files::of(&directory, &name);
    let job_id = match earlier(&cluster, &name, key.as_ref()).await? {
        Some(job_id) => job_id,
        None => {
            let script = render(task, &name, &files)?;
            cluster.knows(script::dependencies(&script.submitted)).await?;
            let beside = script.beside.as_deref().map(|text| (files.beside.as_str(), text));
            let written: Vec<_> = [(files.submitted.as_str(), script.submitted.as_str())]
                .into_iter()
                .chain(beside)
                .collect();
            cluster.write(&files.directory, &written).await?;
            let line = format!("--parsable {}", quote(&files.submitted)?);
            cluster.submit(&line, &name).await?
        }
    };
    let known_hosts = slurm.environment.known_hosts(&task.config.connection);
    let declared_outputs = declared(&task.config, &task.context.output_prefix, &files)?;
    Ok(SubmittedJob {
        job_id,
        job_name: name,
        host: login.host,
        username: login.username,
        port: login.port,
        stdout_path: files.stdout,
        stderr_path: files.stderr,
        known_hosts,
        skip_host_key_verification: slurm.environment.skips_host_keys(),
        declared_outputs,
    })
}

/// The directory of a job's files.
///
/// # Errors
/// As [`Cluster::home`].
pub(crate) async fn directory(
    slurm: &Slurm,
    own: Option<&str>,
    cluster: &Cluster<'_>,
) -> Result<String> {
    let own = own.filter(|own| !own.is_empty());
    let directory = own.or(slurm.environment.working_dir.as_deref()).unwrap_or(DIRECTORY);
    match directory.starts_with('/') {
        true => Ok(directory.to_owned()),
        false => Ok(format!("{}/{directory}", cluster.home().await?.trim_end_matches('/'))),
    }
}

/// The job that an attempt has already.
///
/// # Errors
/// As [`Cluster::find`].
pub(crate) async fn earlier(
    cluster: &Cluster<'_>,
    name: &str,
    key: Option<&IdempotencyKey>,
) -> Result<Option<String>> {
    // Without a key nobody says which attempt it is.
    let Some(_) = key else { return Ok(None) };
    match cluster.find(name).await? {
        Found::Job(job_id) => {
            tracing::info!(name, job_id, "the attempt has its job already");
            Ok(Some(job_id))
        }
        Found::None => Ok(None),
        Found::Unsure(error) => {
            tracing::warn!(
                name,
                "whether the attempt had a job that ended long ago is not known: {error}"
            );
            Ok(None)
        }
    }
}

/// What is written to the cluster for a job.
struct Written {
    submitted: String,
    /// The user's script as it is, where another program than a shell runs it.
    beside: Option<String>,
}

fn render(task: &CreateTask<Slurm>, name: &str, files: &Files) -> Result<Written> {
    let config = &task.config;
    let container = match &task.template.target {
        Some(pb::task_template::Target::Container(container)) => Some(container),
        _ => None,
    };
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let own = container.into_iter().flat_map(|container| &container.env);
    variables.extend(own.map(|pair| (pair.key.clone(), pair.value.clone())));
    if let Some(execution) = &task.execution {
        variables.extend(script::of_attempt(execution));
    }
    for (name, value) in &config.env {
        variables.insert(name.clone(), text(name, value)?);
    }
    let is_script = task.context.call.key.task_type.as_str() != FUNCTION;
    let outputs = declared(config, &task.context.output_prefix, files)?;
    let mut carried = outputs.values().filter(|output| output.is_carried());
    let has_carried = carried.clone().next().is_some();
    if let Some(output) = carried.find(|output| Storage::at(&output.uri).is_none()) {
        return Err(Storage::no_access(&output.uri));
    }
    if is_script {
        variables.extend(script::inputs(&task.inputs)?);
        let told = outputs.iter();
        variables.extend(
            told.map(|(name, to)| (variable("FLYTE_OUTPUT_", name), to.written_to.clone())),
        );
    }
    let frame = Frame {
        job_name: name,
        stdout: &files.stdout,
        stderr: &files.stderr,
        variables: &variables,
        task: config,
    };
    if !is_script {
        let container = container
            .ok_or_else(|| ConnectorError::invalid_task("slurm task has no container spec"))?;
        let command: Vec<String> =
            container.command.iter().chain(&container.args).cloned().collect();
        let srun = script::srun(config, &container.image, &command)?;
        return Ok(Written { submitted: frame.of_command(&srun)?, beside: None });
    }
    let own = config.script.as_deref().filter(|script| !script.is_empty());
    let own = own.ok_or_else(|| ConnectorError::invalid_task("slurm_script task has no script"))?;
    let own = UserScript::read(own);
    let folder = has_carried.then_some(files.outputs.as_str());
    Ok(Written {
        submitted: frame.of_script(&own, &files.beside, folder)?,
        beside: own.beside().map(str::to_owned),
    })
}

/// Where each output goes: beside the script's files first, or straight to Flyte's storage.
fn declared(
    config: &SlurmTask,
    prefix: &str,
    files: &Files,
) -> Result<BTreeMap<String, DeclaredOutput>> {
    let upload =
        config.output_upload.as_deref().filter(|word| !word.is_empty()).unwrap_or("connector");
    if !matches!(upload, "connector" | "job") {
        return Err(ConnectorError::invalid_task(format!(
            "output_upload must be 'connector' or 'job', not '{upload}'"
        )));
    }
    let output = |(name, kind): (&String, &String)| {
        if name.contains('/') || matches!(name.as_str(), "" | "." | "..") {
            return Err(ConnectorError::invalid_task(format!(
                "{name:?} cannot be the name of an output"
            )));
        }
        let uri = format!("{}/{name}", prefix.trim_end_matches('/'));
        let written_to = match upload {
            "connector" => format!("{}/{name}", files.outputs),
            _ => uri.clone(),
        };
        let (kind, upload) = (kind.clone(), upload.to_owned());
        Ok((name.clone(), DeclaredOutput { uri, kind, upload, written_to }))
    };
    config.outputs.iter().map(output).collect()
}
