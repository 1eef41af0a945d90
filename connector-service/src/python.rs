//! `python TASK_TYPE`: the Python task class of a connector, as a module or a package.
//! `app` calls it with the linked connectors; `connector-python` writes it, from the connector's types.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use connector_core::Registry;
use connector_core::host::Entry;
use connector_python::{Described, Module};

/// The arguments of `python`.
#[derive(Debug, Args)]
pub(crate) struct PythonArgs {
    /// The task type.
    task_type: String,
    /// Its version, where several are served; the newest unless said.
    #[arg(long, value_name = "VERSION")]
    task_version: Option<i32>,
    /// Write the module to this file instead of printing it.
    #[arg(long, value_name = "FILE", conflicts_with = "package")]
    output: Option<PathBuf>,
    /// Write a package that pip installs into this folder.
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
}

/// Writes the module, and answers what to print; warns of what Flyte's SDK cannot do with it.
///
/// # Errors
/// No such connector, something that Python cannot have, or a place that cannot be written.
pub(crate) fn run(
    registry: &Registry,
    args: &PythonArgs,
    warn: impl Fn(&str),
) -> Result<String, String> {
    let entry = find(registry, args)?;
    let described =
        Described { key: &entry.key, name: entry.name, interface: entry.connector.describe() };
    let module = Module::of(described)?;
    module.doubts.iter().for_each(|doubt| warn(doubt));
    if let Some(folder) = &args.package {
        return module.write_package(folder);
    }
    let Some(file) = &args.output else {
        return Ok(module.text);
    };
    fs::write(file, &module.text)
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(format!("wrote {}\n", file.display()))
}

fn find<'a>(registry: &'a Registry, args: &PythonArgs) -> Result<&'a Entry, String> {
    let wanted = |entry: &&Entry| entry.key.task_type.as_str() == args.task_type;
    let versions = || registry.entries().filter(wanted);
    let found = match args.task_version {
        Some(version) => versions().find(|entry| entry.key.version == version),
        None => versions().max_by_key(|entry| entry.key.version),
    };
    found.ok_or_else(|| {
        let served: Vec<String> = match versions().next() {
            Some(_) => versions().map(|entry| entry.key.to_string()).collect(),
            None => registry.entries().map(|entry| entry.key.to_string()).collect(),
        };
        format!(
            "no connector serves the task type {:?}{}; served are: {}",
            args.task_type,
            args.task_version.map(|version| format!(" in version {version}")).unwrap_or_default(),
            served.join(", ")
        )
    })
}
