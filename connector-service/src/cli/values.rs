//! Values of flags that have bounds of their own, and what is said of others.

use std::time::Duration;

use clap::Command;
use connector_core::host::quantity;
use connector_gate::TextLimit;

pub(super) fn error_bytes(text: &str) -> Result<usize, String> {
    let least = TextLimit::LEAST_BYTES;
    match quantity::size(text)? {
        bytes if bytes >= least => Ok(bytes),
        _ => Err(format!("a text needs room for what is wrong: {least} bytes or more")),
    }
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

pub(super) fn some_number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it is a number from 1 on".to_owned()),
    }
}

pub(super) fn some_time(text: &str) -> Result<Duration, String> {
    match quantity::seconds(text)? {
        Duration::ZERO => Err("it must be longer than 0".to_owned()),
        span => Ok(span),
    }
}

/// A number below zero is a value, which its flag refuses in its own words, and no flag that nobody knows.
pub(super) fn whatever_sign(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let takes_values = arg.get_action().takes_values();
        if takes_values { arg.allow_negative_numbers(true) } else { arg }
    });
    command.mut_subcommands(whatever_sign)
}
