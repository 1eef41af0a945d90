//! Tasks of Flyte 1's plug-in, `flytekitplugins-slurm`: scripts, whose type is `slurm` there, and functions,
//! `slurm_fn`. They are known by their setting `ssh_config`. What is submitted is what the official connector submits,
//! but that the job's name tells its attempt.
// Facts about that connector are those of its version 1.16.31.

mod options;
mod text;

use std::collections::BTreeSet;

use connector_core::Outputs;
use connector_core::prelude::*;
use serde_json::{Map, Value};

use crate::Slurm;
use crate::access::{Access, Environment};
use crate::cluster::Cluster;
use crate::config::{LoginNode, text as written};
use crate::job::{Files, SubmittedJob, named};
use crate::ssh::Login;
use crate::{report, script, submission};

/// The type of its tasks that are functions.
pub(crate) const FUNCTION: &str = "slurm_fn";

/// A submitted job, spelled as the official connector of Flyte 1 spells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flyte1Job {
    job_id: String,
    ssh_config: Map<String, Value>,
    /// Always empty: a task with outputs cannot be serialised there. Functions have no such member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outputs: Option<Map<String, Value>>,
}

impl Flyte1Job {
    /// The job, without where its output is, which Slurm is asked for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: nobody says where it is.
    pub(crate) fn submitted(&self, environment: &Environment) -> Result<SubmittedJob> {
        let node = login_node(&self.ssh_config);
        let place = environment.place(&node)?;
        Ok(SubmittedJob {
            job_id: self.job_id.clone(),
            job_name: "a task of Flyte 1".to_owned(),
            host: place.host,
            username: place.username,
            port: place.port,
            stdout_path: String::new(),
            stderr_path: String::new(),
            known_hosts: place.known_hosts,
            skip_host_key_verification: place.skip,
            declared_outputs: [].into(),
        })
    }
}

/// The job of an attempt: the one that is there already, or a new one.
///
/// # Errors
/// As [`AsyncConnector::create`].
pub(crate) async fn submit(slurm: &Slurm, task: &CreateTask<Slurm>) -> Result<Flyte1Job> {
    let config = &task.config;
    let is_function = task.context.call.key.task_type.as_str() == FUNCTION;
    let key = task.idempotency_key();
    let own = config.sbatch_config.get(options::NAME).map(|name| written(options::NAME, name));
    let own = own.transpose()?.or_else(|| Some(task.template.id.as_ref()?.name.clone()));
    let name = named(own.as_deref().unwrap_or_default(), key.as_ref());
    let script = text::of_task(task, is_function)?;
    // What is wrong with the options is told before anything is asked of the cluster.
    options::line(config, &name, "")?;
    let node = login_node(&config.ssh_config.clone().into_iter().collect());
    let access = task.context.connection.of_flyte_1();
    let login = login(&slurm.environment, &node, &access)?;
    let cluster = slurm.cluster(&login);
    let job_id = match submission::earlier(&cluster, &name, key.as_ref()).await? {
        Some(job_id) => job_id,
        None => {
            let mut waits_for: BTreeSet<&str> =
                script.as_deref().map(script::dependencies).unwrap_or_default();
            waits_for.extend(options::dependencies(config));
            cluster.knows(waits_for).await?;
            let path = match (&script, &config.batch_script_path) {
                (None, Some(path)) => path.clone(),
                (text, _) => {
                    let directory = submission::directory(slurm, None, &cluster).await?;
                    let files = Files::of(&directory, &name);
                    let text = text.as_deref().unwrap_or_default();
                    cluster.write(&files.directory, &[(&files.submitted, text)]).await?;
                    files.submitted
                }
            };
            cluster.submit(&options::line(config, &name, &path)?, &name).await?
        }
    };
    let ssh_config = config.ssh_config.clone().into_iter().collect();
    Ok(Flyte1Job { job_id, ssh_config, outputs: (!is_function).then(Map::new) })
}

/// Where a job stands. Its message ends in the last lines of its output, which are the message there.
///
/// # Errors
/// As [`AsyncConnector::get`].
pub(crate) async fn resource(
    slurm: &Slurm,
    job: &Flyte1Job,
    cx: &TaskContext<Slurm>,
) -> Result<Resource> {
    let mut job = job.submitted(&slurm.environment)?;
    let login = slurm.login(&job, &cx.connection.of_flyte_1())?;
    let cluster = slurm.cluster(&login);
    let standing = cluster.standing(&job.job_id).await?;
    find_streams(&mut job, &cluster).await?;
    let standing = standing.ok_or_else(|| report::vanished(&job))?;
    let mut resource = report::resource(&job, &standing);
    let has_failed = matches!(resource.phase, Phase::Failed | Phase::RetryableFailed);
    let told = [
        ("stdout", &job.stdout_path, true),
        ("stderr", &job.stderr_path, has_failed && job.stderr_path != job.stdout_path),
    ];
    for (name, path, _) in told.into_iter().filter(|(.., is_told)| *is_told) {
        // A state is told even where the last words cannot be read.
        let tail = cluster.tail(path, report::LAST_LINES).await.unwrap_or_default();
        resource.message.push_str(&report::last_lines(name, &tail));
    }
    if resource.phase == Phase::Succeeded && cx.call.key.task_type.as_str() == FUNCTION {
        resource.outputs = Outputs::WrittenByTask;
    }
    Ok(resource)
}

/// Asks Slurm where the job's output is, which metadata of Flyte 1 do not say.
///
/// # Errors
/// As [`Cluster::streams`].
pub(crate) async fn find_streams(job: &mut SubmittedJob, cluster: &Cluster<'_>) -> Result<()> {
    let forgotten =
        || format!("slurm-{}.out in the home directory, unless the task says another", job.job_id);
    let found = cluster.streams(&job.job_id).await?;
    [job.stdout_path, job.stderr_path] = found.unwrap_or_else(|| [forgotten(), forgotten()]);
    Ok(())
}

/// The login of a task, whose key is the operator's.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: nobody says where. [`ErrorKind::Unauthenticated`]: there is no key.
fn login(environment: &Environment, node: &LoginNode, access: &Access) -> Result<Login> {
    environment.login(node, access).map_err(|error| match error.kind() {
        ErrorKind::Unauthenticated => ConnectorError::unauthenticated(
            "nobody lends the key of the login node: give it as the secret FLYTE_SLURM_PRIVATE_KEY of Flyte 1 (the \
             variable _FSEC_FLYTE_SLURM_PRIVATE_KEY, or a file of /etc/secrets). `client_keys` of a task, which are \
             files of this service, are not read: a task could log in with the key of another one",
        ),
        _ => error,
    })
}

fn login_node(ssh_config: &Map<String, Value>) -> LoginNode {
    let text = |name: &str| ssh_config.get(name).and_then(Value::as_str).map(str::to_owned);
    LoginNode { host: text("host"), username: text("username"), ..LoginNode::default() }
}
