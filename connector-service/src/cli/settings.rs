//! The flags of a command as settings: those that a file gives, and all of them with where they come from.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use connector_state::redacted;

use super::Environment;
use crate::config::{self, Origin, SettingsFile};

const CONFIG: (&str, &str) = ("config", "CONNECTOR_CONFIG");
/// Set by operators beside flags, for connectors' secrets.
const SECRETS_DIR: (&str, &str) = ("secrets-dir", "CONNECTOR_SECRETS_DIR");

/// The variables, and below them what the file says that flags or variables name, if they do. What `serving`
/// takes may stand in it, too: one file is for all commands.
pub(super) fn below(
    command: &Command,
    serving: &Command,
    given: &ArgMatches,
    environment: &Environment,
) -> Result<(Environment, Option<SettingsFile>), String> {
    let variable = CONFIG.1;
    // `run` has a flag of that name, which means something else, and calls this one otherwise.
    let is_ours = |arg: &&Arg| arg.get_env().is_some_and(|env| env == variable);
    let Some(flag) = command.get_arguments().find(is_ours) else {
        return Ok((environment.clone(), None));
    };
    let by_flag = given.get_raw(flag.get_id().as_str()).and_then(|mut raw| raw.next());
    let Some(file) = by_flag.or_else(|| environment.get(OsStr::new(variable))).map(Path::new)
    else {
        return Ok((environment.clone(), None));
    };
    let names: Vec<_> = names(command).into_iter().chain(names(serving)).collect();
    let settings = config::read(file, &names)?;
    let said_before = said_before(command, given, environment);
    let environment = environment.clone().above(&settings, &file.display().to_string());
    Ok((environment, Some(SettingsFile { path: file.to_owned(), settings, said_before })))
}

/// What flags and variables say, which a file does not change: by the variable of each.
fn said_before(
    command: &Command,
    given: &ArgMatches,
    environment: &Environment,
) -> BTreeMap<String, String> {
    let is_given =
        |arg: &&Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let flags = command.get_arguments().filter(is_given);
    let flags = flags.filter_map(|arg| Some((arg.get_env()?.to_str()?, arg.get_long()?)));
    let flags: BTreeMap<&str, &str> = flags.collect();
    let said = environment.names().filter(|name| name.starts_with("CONNECTOR_"));
    let said = said.chain(flags.keys().copied());
    let said = said.filter_map(|variable| {
        let by = match flags.get(variable) {
            Some(flag) => format!("--{flag}"),
            None if environment.is_link(variable) => return None,
            None => {
                environment.get(OsStr::new(variable))?;
                format!("the environment variable {variable}")
            }
        };
        Some((variable.to_owned(), by))
    });
    said.collect()
}

/// What a file may set: the names of flags, and their variables.
fn names(command: &Command) -> Vec<(String, String)> {
    let flags = command.get_arguments().filter(|arg| arg.get_id() != CONFIG.0);
    let flags = flags
        .filter_map(|arg| Some((arg.get_long()?.to_owned(), arg.get_env()?.to_str()?.to_owned())));
    let (name, variable) = SECRETS_DIR;
    flags.chain([(name.to_owned(), variable.to_owned())]).collect()
}

/// Every setting with its origin. `given` is what the command line says by itself, `all` with what was added
/// to it from variables.
pub(super) fn printed(
    command: &Command,
    given: &ArgMatches,
    all: &ArgMatches,
    environment: &Environment,
) -> String {
    let of_variable = |variable: &str| {
        environment.get(OsStr::new(variable)).filter(|_| !environment.is_link(variable))?;
        Some(if environment.is_of_file(variable) {
            Origin::File(environment.called(variable).replace('`', ""))
        } else {
            Origin::Variable(variable.to_owned())
        })
    };
    let flags = command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(|arg| {
        let (long, variable) = (arg.get_long()?, arg.get_env()?.to_str()?);
        let id = arg.get_id().as_str();
        let is_given = given.value_source(id) == Some(ValueSource::CommandLine);
        let origin =
            if is_given { Some(Origin::Flag(format!("--{long}"))) } else { of_variable(variable) };
        let values = all.get_raw(id).into_iter().flatten();
        // An address of a database may have a password in it.
        let shown = |value: &OsStr| match long {
            "state" => redacted(&value.to_string_lossy()),
            _ => value.to_string_lossy().into_owned(),
        };
        let values = values.map(shown).collect();
        Some((long.to_owned(), values, origin.unwrap_or(Origin::Default)))
    });
    let (name, variable) = SECRETS_DIR;
    let secrets = of_variable(variable).map(|origin| {
        let value = environment.get(OsStr::new(variable)).unwrap_or_default();
        (name.to_owned(), vec![value.to_string_lossy().into_owned()], origin)
    });
    // A file cannot name a file.
    let own: Vec<_> = flags.filter(|(name, ..)| name != CONFIG.0).chain(secrets).collect();
    let connectors = environment.texts().filter_map(|(name, value)| {
        let is_theirs = name.starts_with("CONNECTOR__") || name.starts_with("CONNECTOR_POLICY__");
        let origin = of_variable(&name).filter(|_| is_theirs)?;
        Some((name, value, origin))
    });
    config::print(&own, &connectors.collect::<Vec<_>>())
}
