//! The guide's page about the command line, held against the binary: every command, flag and variable is on it.
//! What they do is typed by the walk, or tested beside the code.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use interop_tests::peer;

use crate::pages::book;
use crate::project::target;

#[test]
fn every_command_flag_and_variable_is_on_its_page() {
    let page = fs::read_to_string(book().join("command-line.md")).expect("a page");
    let help = |arguments: &[&str]| {
        let mut command = Command::new(peer::binary(&target()).expect("the binary"));
        let output = command.args(arguments).output().expect("help");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let serve = help(&["serve", "--help"]);
    let words = serve.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let told = words.filter(|word| word.starts_with("--") || word.starts_with("CONNECTOR_"));
    let told: BTreeSet<&str> = told.filter(|word| !matches!(*word, "--" | "--help")).collect();
    assert!(told.len() > 15, "only {told:?} were found");

    let all = help(&["--help"]);
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    let commands: Vec<&str> = commands.filter(|command| *command != "help").collect();
    assert!(commands.contains(&"serve"), "{commands:?}");

    let missing =
        |word: &&&str| !page.contains(&format!("`{word}`")) && !page.contains(&format!("`{word} "));
    let missing: Vec<_> = told.iter().chain(&commands).filter(missing).collect();
    assert!(missing.is_empty(), "docs/src/command-line.md does not tell of {missing:?}");
}
