//! `python TASK_TYPE`: the Python task class of a connector, as a module or a package.
//! `app` calls it with the linked connectors; `connector-python` writes it, from the connector's types.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use connector_core::host::Description;
use connector_python::{Described, Module, Runtime};

use crate::linking;

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
    /// Where the module has what all such modules have in common.
    #[arg(long, value_enum, default_value = "embed")]
    runtime: Place,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Place {
    /// In the module, which then needs nothing but Flyte's SDK.
    Embed,
    /// In the Python package `flyte-connector-server`, of this version.
    Import,
}

impl From<Place> for Runtime {
    fn from(place: Place) -> Self {
        match place {
            Place::Embed => Self::Embedded,
            Place::Import => Self::Imported,
        }
    }
}

/// Writes the module, and answers what to print; warns of what Flyte's SDK cannot do with it.
///
/// # Errors
/// No such connector, something that Python cannot have, or a place that cannot be written.
pub(crate) fn run(
    connectors: &[Description],
    args: &PythonArgs,
    warn: impl Fn(&str),
) -> Result<String, String> {
    let entry = find(connectors, args)?;
    let described =
        Described { key: &entry.key, name: &entry.name, interface: entry.interface.clone() };
    let module = Module::of(described, args.runtime.into())?;
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

fn find<'a>(connectors: &'a [Description], args: &PythonArgs) -> Result<&'a Description, String> {
    let wanted = |it: &&Description| it.key.task_type.as_str() == args.task_type;
    let versions = || connectors.iter().filter(wanted);
    let found = match args.task_version {
        Some(version) => versions().find(|it| it.key.version == version),
        None => versions().max_by_key(|it| it.key.version),
    };
    found.ok_or_else(|| {
        let version = args.task_version.map(|version| format!(" in version {version}"));
        let wanted = format!("the task type {:?}{}", args.task_type, version.unwrap_or_default());
        let known: Vec<String> = match versions().next() {
            Some(_) => versions().map(|it| it.key.to_string()).collect(),
            None => connectors.iter().map(|it| it.key.to_string()).collect(),
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        linking::unknown(&wanted, &args.task_type, &known)
    })
}
