//! `run TASK_TYPE`: one task from create to its outputs, without Flyte, as its executor would run it.
//! `app` calls it. Everything goes over gRPC, also within the process, so that the bytes are tried, too.
//! What the service answers is judged by `attempt`; nothing here knows a connector.

mod arguments;
mod attempt;
#[cfg(test)]
mod attempt_tests;
mod files;
mod interrupts;
mod kind;
mod outputs;
mod progress;
mod service;
mod settings;
mod shown;
mod task;
mod template;
mod value;

use std::path::Path;

use connector_core::host::Description;
use connector_core::{Registry, pb};

pub(crate) use arguments::RunArgs;
use attempt::{End, Run, Wishes, folder_of};
use interrupts::Interrupts;
use service::Service;
use task::Task;

use crate::behind::Connectors;
use crate::linking;
use crate::pb as wire;
use crate::wanted::Wanted;

/// Runs a task. Whether it succeeded.
///
/// # Errors
/// The usage is wrong, or the run cannot start.
pub(crate) async fn run(
    args: &RunArgs,
    connectors: Connectors,
    descriptions: &[Description],
    environment: impl Fn(&str) -> Option<String>,
) -> Result<bool, String> {
    let template = args.template.as_deref().map(read_template).transpose()?;
    let wanted = agreed(&args.task, template.as_ref().map(|given| &given.template))?;
    if let Some(folder) = args.output.as_deref().and_then(Path::parent)
        && !folder.as_os_str().is_empty()
        && !folder.is_dir()
    {
        return Err(format!("--output: there is no folder {}", folder.display()));
    }
    let Connectors { registry, behind, notes } = connectors;
    for note in notes.missing {
        tracing::error!("{note}");
    }
    if args.connect.is_none()
        && let Some(problem) = linking::problem(&registry, &[], args.behind.is_any())
    {
        return Err(problem);
    }
    let failure = init_failure(&registry, &wanted);
    let service = match &args.connect {
        Some(address) => Service::at(address).await?,
        None => Service::in_process(registry, &behind.upstreams(), args.twice),
    };
    let served = service.categories().await.map_err(|status| {
        format!("the service does not say what it serves: {}", status.message())
    })?;
    let version = version(&wanted, &served).map_err(|unserved| failure.unwrap_or(unserved))?;
    let is_wanted =
        |it: &&Description| it.key.task_type == wanted.task_type && it.key.version == version;
    let described = descriptions.iter().find(is_wanted);
    let interface = described.map(|it| &it.interface);
    let task = Task::new(args, version, template, interface, environment)?;
    connector_gate::KnownSecrets::of_process().note_connection(Some(task.connection()));
    let folder = tempfile::Builder::new().prefix("flyte-run-").tempdir();
    let folder = folder.map_err(|error| format!("no folder for the outputs: {error}"))?;

    // Until here Ctrl-C ends the process, as there is nothing to delete.
    let mut interrupts = Interrupts::listen();
    let run = Run::new(&service, &task, Wishes::from(args), &mut interrupts);
    let mut run = run.within_one_call(described.is_some_and(|it| it.sync));
    if args.template.is_some() && task.lacks_settings() {
        run.progress().note("note: the template has no settings; Flyte refuses such a task");
    }
    let end = run.until_it_ends(folder.path()).await;
    let succeeded = conclude(&run, end, &task, args.output.as_deref(), folder.path())?;
    if !interrupts.is_leaving() {
        tokio::select! {
            () = service.close() => {}
            () = interrupts.next() => {}
        }
    }
    Ok(succeeded)
}

/// Tells how it ended, and delivers outputs.
fn conclude(
    run: &Run<'_>,
    end: End,
    task: &Task,
    file: Option<&Path>,
    folder: &Path,
) -> Result<bool, String> {
    let progress = run.progress();
    let seconds = progress.end().as_secs_f64();
    let outputs = match end {
        End::Succeeded { attempt, outputs } => {
            let declared: Vec<&str> = task.outputs().collect();
            outputs::find(outputs, &folder_of(folder, attempt), &declared)
        }
        End::Failed { message, .. } => Err(message),
        End::Interrupted => {
            progress.note(&format!("interrupted after {seconds:.1}s"));
            return Ok(false);
        }
    };
    match outputs {
        Err(message) => {
            progress.note(&format!("error: the task failed after {seconds:.1}s: {message}"));
            Ok(false)
        }
        Ok(literals) => {
            progress.note(&format!("succeeded after {seconds:.1}s"));
            outputs::deliver(literals, file)?;
            Ok(!run.is_duplicated() && !run.is_undeletable())
        }
    }
}

fn read_template(file: &Path) -> Result<template::Given, String> {
    let read = files::read(file);
    read.and_then(|bytes| template::read(&bytes))
        .map_err(|error| format!("--template {}: {error}", file.display()))
}

/// What both the arguments and the template ask for.
fn agreed(wanted: &Wanted, template: Option<&pb::TaskTemplate>) -> Result<Wanted, String> {
    let Some(template) = template else { return Ok(wanted.clone()) };
    let (task_type, version) = (&template.r#type, template.task_type_version);
    if wanted.task_type.as_str() == task_type && wanted.version.is_none_or(|it| it == version) {
        Ok(Wanted { version: Some(version), ..wanted.clone() })
    } else {
        Err(format!("--template: it is a task of {task_type}@{version}; run that"))
    }
}

/// Why the connector is not served, if it could not be started.
fn init_failure(registry: &Registry, wanted: &Wanted) -> Option<String> {
    let of_type = |key: &connector_core::ConnectorKey| key.task_type == wanted.task_type;
    let failure = registry.failures().iter().find(|failure| failure.keys.iter().any(of_type))?;
    Some(format!("the connector {} cannot be started: {}", failure.name, failure.error))
}

/// The version to run: the one wanted, or the newest served.
fn version(wanted: &Wanted, served: &[wire::TaskCategory]) -> Result<i32, String> {
    let of_type = served.iter().filter(|it| it.name == wanted.task_type.as_str());
    let versions: Vec<i32> = of_type.map(|it| it.version).collect();
    let version = match wanted.version {
        Some(version) => versions.contains(&version).then_some(version),
        None => versions.iter().copied().max(),
    };
    version.ok_or_else(|| {
        let mut known: Vec<String> =
            served.iter().map(|it| format!("{}@{}", it.name, it.version)).collect();
        known.sort();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        linking::unknown(&wanted.to_string(), wanted.task_type.as_str(), &known)
    })
}

#[cfg(test)]
mod tests {
    use connector_core::{TaskType, pb};

    use super::{Wanted, agreed, version, wire};

    fn wanted(version: Option<i32>) -> Wanted {
        Wanted { task_type: TaskType::parse("render").unwrap(), version }
    }

    #[test]
    fn the_newest_version_is_taken_unless_one_is_wanted() {
        let category = |name: &str, version| wire::TaskCategory { name: name.to_owned(), version };
        let served = [category("render", 0), category("render", 2), category("other", 3)];
        assert_eq!(version(&wanted(None), &served), Ok(2));
        assert_eq!(version(&wanted(Some(0)), &served), Ok(0));
        let unserved = version(&wanted(Some(1)), &served).unwrap_err();
        assert!(unserved.contains("render@1") && unserved.contains("other@3"), "{unserved}");
    }

    #[test]
    fn a_template_says_the_version_and_must_agree() {
        let template = |task_type: &str| pb::TaskTemplate {
            r#type: task_type.to_owned(),
            task_type_version: 2,
            ..Default::default()
        };
        assert_eq!(agreed(&wanted(None), Some(&template("render"))), Ok(wanted(Some(2))));
        assert!(agreed(&wanted(Some(1)), Some(&template("render"))).is_err());
        assert!(agreed(&wanted(None), Some(&template("other"))).is_err());
    }
}
