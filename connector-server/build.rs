//! Tells the binary which commit it is built from: by the variable `BUILD_COMMIT`, by git, or by what
//! `cargo package` wrote down; else it does not know. It runs again when that may have changed, and only then.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=BUILD_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let commit = std::env::var("BUILD_COMMIT").ok().filter(|commit| !commit.is_empty());
    if let Some(commit) = commit.or_else(of_git).or_else(of_package) {
        println!("cargo::rustc-env=CONNECTOR_SERVER_COMMIT={commit}");
    }
}

/// What git says, if these files are in a repository as ours has them.
fn of_git() -> Option<String> {
    let tracked = git(&["ls-files", "--full-name", "--error-unmatch", "Cargo.toml"])?;
    if tracked != "connector-server/Cargo.toml" {
        return None;
    }
    // Where the branch is, and what it is: a commit changes the one, a checkout the other.
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let file = git(&["rev-parse", "--git-path", name])?;
        // A file that is not there would count as changed each time.
        if Path::new(&file).exists() {
            println!("cargo::rerun-if-changed={file}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// What stands in a package that was made of a repository.
fn of_package() -> Option<String> {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let commit: String = rest.split('"').nth(1)?.chars().take(12).collect();
    commit.chars().all(|c| c.is_ascii_hexdigit()).then_some(commit)
}
