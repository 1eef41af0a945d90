//! Finds circles between the files of a crate: files of which each needs the next, and the last the first.
//! Run by `just check`; prints every circle with its arrows.
//! `modules` reads a crate, `graph` looks for circles; only arguments and reporting live here.

mod graph;
mod modules;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use modules::Modules;

/// Anything that went wrong; the text is all that a caller needs.
type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    // Another checkout can be judged by the same rules.
    let root = std::env::args_os().nth(1).map_or_else(own_root, PathBuf::from);
    let (lines, code) = match circles(&root) {
        Ok(circles) if circles.is_empty() => return ExitCode::SUCCESS,
        Ok(circles) => (circles, 1),
        Err(error) => (vec![format!("arrows: {error}")], 2),
    };
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        if writeln!(stderr, "{line}").is_err() {
            break;
        }
    }
    ExitCode::from(code)
}

fn own_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The circles in each crate of the workspace.
///
/// # Errors
/// A file that cannot be read or is no Rust.
fn circles(root: &Path) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    for crate_root in crate_roots(root)? {
        let modules = Modules::read(&crate_root)?;
        let name = crate_root.strip_prefix(root).unwrap_or(&crate_root).display().to_string();
        for circle in graph::circles(&modules.arrows()) {
            told.push(format!("{name}: each of these files needs the next\n  {circle}"));
        }
    }
    Ok(told)
}

/// The root file of each crate, two folders deep at most: that is how deep this workspace is.
fn crate_roots(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut roots = Vec::new();
    for folder in folders(root)? {
        let inner = folders(&folder)?;
        for place in inner.iter().chain([&folder]) {
            let found = ["src/lib.rs", "src/main.rs"].map(|file| place.join(file));
            roots.extend(found.into_iter().filter(|file| file.is_file()));
        }
    }
    if roots.len() < 10 {
        return Err(format!("only {} crates are below {}", roots.len(), root.display()).into());
    }
    roots.sort();
    Ok(roots)
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() && !hidden && !path.ends_with("target") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_file_of_the_workspace_is_in_a_circle() {
        let circles = super::circles(&super::own_root()).expect("the workspace can be read");
        assert!(circles.is_empty(), "{}", circles.join("\n"));
    }
}
