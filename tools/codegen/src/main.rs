//! Regenerates the checked-in wire types from the text in `proto/`, without protoc.
//! Run by hand after a change to `proto/`, and with `--check` by CI.
//! Only arguments and reporting live here; `generate` makes the files and `checked_in` compares them.

mod checked_in;
mod generate;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: codegen [--check]";
const FIX: &str = "run `cargo run -p codegen` and commit the result";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [one] if one == "--check" => true,
        _ => return report(&[USAGE.to_owned()], 2),
    };
    match run(check) {
        Ok(lines) if lines.is_empty() => ExitCode::SUCCESS,
        Ok(lines) => report(&lines, u8::from(check)),
        Err(error) => report(&[format!("codegen: {error}")], 1),
    }
}

/// One line per file that differs; with `check` off, those files have been written.
fn run(check: bool) -> Result<Vec<String>, generate::Failure> {
    let root = workspace_root();
    let files = generate::wire_files(&root.join("proto"))?;
    let differences = checked_in::differences(root, &files)?;
    if !check {
        checked_in::write(root, &files)?;
    }
    Ok(differences
        .iter()
        .map(
            |difference| {
                if check { format!("{difference}: {FIX}") } else { format!("{difference}: done") }
            },
        )
        .collect())
}

fn workspace_root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn report(lines: &[String], code: u8) -> ExitCode {
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        if writeln!(stderr, "{line}").is_err() {
            break;
        }
    }
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    #[test]
    fn checked_in_files_match_the_proto_text() {
        let lines = super::run(true).expect("proto/ compiles");
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}
