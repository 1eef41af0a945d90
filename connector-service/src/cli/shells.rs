//! What is made of the command line for those who type it: completions for shells, and manual pages.
//! `cli` calls it; nothing is installed here.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// The completions of a shell for a binary of that name.
pub(super) fn completions(shell: Shell, mut command: Command, binary: &str) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, binary, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The manual page of a binary of that name, or of one of its commands, as roff.
///
/// # Errors
/// There is no such command.
pub(super) fn manual(
    command: Command,
    binary: &str,
    about: Option<&str>,
) -> Result<String, String> {
    let mut command = command.name(binary.to_owned()).bin_name(binary);
    command.build();
    let page = match about {
        None => command,
        Some(name) => {
            let own = command.find_subcommand(name).filter(|_| name != "help");
            own.cloned().ok_or_else(|| format!("there is no command `{name}`"))?
        }
    };
    let name = page.get_bin_name().unwrap_or(binary).replace(' ', "-");
    let mut text = Vec::new();
    Man::new(page.name(name)).render(&mut text).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
