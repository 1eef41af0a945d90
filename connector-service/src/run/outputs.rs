//! What a successful job gave: found, checked against what the task declares, delivered.
//! `mod` calls it at the end of a run. Literals become JSON in `shown`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use connector_core::pb;
use connector_core::pb::task::NamedLiteral;
use prost::Message as _;

use super::shown;

/// The name of the file that a job writes below its output prefix.
const FILE: &str = "outputs.pb";

/// The outputs: those of the answer, or else those the job wrote.
///
/// # Errors
/// There are none though some are declared, or declared ones are missing.
pub(super) fn find(
    answered: Option<pb::task::Outputs>,
    folder: &Path,
    declared: &[&str],
) -> Result<Vec<NamedLiteral>, String> {
    let outputs = match answered {
        Some(outputs) => outputs,
        None => match fs::read(folder.join(FILE)) {
            Ok(bytes) => pb::task::Outputs::decode(bytes.as_slice())
                .map_err(|error| format!("the {FILE} that the job wrote is unreadable: {error}"))?,
            Err(_) if declared.is_empty() => pb::task::Outputs::default(),
            Err(error) => {
                return Err(format!(
                    "the job succeeded without outputs, and there is no {FILE} below its output \
                     prefix: {error}; the task declares {}",
                    declared.join(", ")
                ));
            }
        },
    };
    let given = |name: &&&str| !outputs.literals.iter().any(|output| output.name == ***name);
    let missing: Vec<&str> = declared.iter().filter(given).copied().collect();
    if missing.is_empty() {
        Ok(outputs.literals)
    } else {
        Err(format!("the job succeeded without declared outputs: {}", missing.join(", ")))
    }
}

/// Writes the outputs to a file, or prints them as JSON.
///
/// # Errors
/// The file cannot be written; then they are printed all the same, so that nothing is lost.
pub(super) fn deliver(literals: Vec<NamedLiteral>, file: Option<&Path>) -> Result<(), String> {
    let json = shown::object(&literals);
    let problem = match file {
        None => None,
        Some(file) => {
            let bytes = pb::task::Outputs { literals, ..Default::default() }.encode_to_vec();
            match fs::write(file, bytes) {
                Ok(()) => return Ok(()),
                Err(error) => Some(format!("--output {}: {error}", file.display())),
            }
        }
    };
    let mut out = std::io::stdout().lock();
    let printed = writeln!(out, "{json:#}").and_then(|()| out.flush());
    match (problem, printed) {
        (Some(problem), _) => Err(problem),
        (None, printed) => printed.map_err(|error| format!("standard output: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{literal, pb};
    use prost::Message as _;

    use super::{FILE, find};

    fn outputs(names: &[&str]) -> pb::task::Outputs {
        let named = |name: &&str| pb::task::NamedLiteral {
            name: (*name).to_owned(),
            value: Some(literal::integer(1)),
        };
        pb::task::Outputs { literals: names.iter().map(named).collect(), ..Default::default() }
    }

    #[test]
    fn answers_go_before_the_file_and_declared_ones_must_come() {
        let folder = tempfile::tempdir().unwrap();
        let find = |answered, declared: &[&str]| {
            find(answered, folder.path(), declared).map(|literals| literals.len())
        };
        assert_eq!(find(None, &[]), Ok(0));
        assert!(find(None, &["a"]).unwrap_err().contains("declares a"));
        assert!(find(Some(outputs(&[])), &["a"]).unwrap_err().contains("declared outputs: a"));
        std::fs::write(folder.path().join(FILE), outputs(&["a", "b"]).encode_to_vec()).unwrap();
        assert_eq!(find(None, &["a"]), Ok(2));
        assert_eq!(find(Some(outputs(&["a"])), &["a"]), Ok(1));
        std::fs::write(folder.path().join(FILE), b"\xff").unwrap();
        assert!(find(None, &["a"]).unwrap_err().contains("unreadable"));
    }
}
