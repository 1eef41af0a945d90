//! Builds a Go module, such as the one in `go/`, into one test program, and says why when that cannot be done.
//! A test asks for it first. What the program then prints is read in `report.rs`.
//! The module is built in a copy under the target folder, because Go completes `go.sum` as it builds.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fd_lock::RwLock;

/// The module whose code is the executor.
const PEER: &str = "github.com/flyteorg/";

/// Why there is no test program.
#[derive(Debug)]
pub enum Absent {
    /// Go, or a connection to its module proxy, is missing on this machine.
    Here(String),
    /// The module proxy does not hand out the executor's modules, which no machine can mend.
    Refused(String),
}

/// Builds the test program of the executor under `target`.
///
/// # Errors
/// If Go or a module is not to be had.
///
/// # Panics
/// If the module does not compile, or the target folder cannot be written to: that is a failed test.
pub fn build(target: &Path) -> Result<PathBuf, Absent> {
    build_module(target, "executor", &Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
}

/// Builds the test program of a module under `target`.
///
/// # Errors
/// As [`build`].
///
/// # Panics
/// As [`build`].
pub fn build_module(target: &Path, name: &str, module: &Path) -> Result<PathBuf, Absent> {
    let version = Command::new("go").arg("version").stdin(Stdio::null()).output();
    if let Err(error) = version {
        return Err(Absent::Here(format!("there is no usable `go`: {error}")));
    }
    let folder = target.join(format!("{name}-go"));
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    let mut lock = RwLock::new(lock);
    let _held = lock.write().unwrap();
    mirror(module, &folder).unwrap();

    let program = folder.join(format!("{name}.test"));
    let output = Command::new("go")
        // Two at a time: the tests of this workspace run on small machines.
        .args(["test", "-c", "-mod=mod", "-p=2", "-o"])
        .arg(&program)
        .arg(".")
        .env("GOMAXPROCS", "2")
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(program);
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(cause(&text).unwrap_or_else(|| panic!("the tests of {name} do not build:\n{text}")))
}

/// What an unsuccessful build lacked; nothing if it had all it needs.
fn cause(text: &str) -> Option<Absent> {
    let refused = |line: &&str| {
        line.contains(PEER) && ["403 ", "404 ", "410 "].iter().any(|code| line.contains(code))
    };
    if let Some(line) = text.lines().map(str::trim).find(refused) {
        return Some(Absent::Refused(line.to_owned()));
    }
    lacking(text).map(|line| Absent::Here(line.to_owned()))
}

/// The line of what Go said that tells of something this machine lacks: a newer Go, or a connection to the module
/// proxy. Nothing if it had all it needs.
#[must_use]
pub fn lacking(text: &str) -> Option<&str> {
    let signs =
        ["dial tcp", "no such host", "i/o timeout", "requires go >=", "GOTOOLCHAIN", "toolchain"];
    text.lines().map(str::trim).find(|line| signs.iter().any(|sign| line.contains(sign)))
}

/// Makes the Go files of `to` equal those of `from`. The lists of modules are renewed only when the
/// originals change, so that what Go has added is not looked up in each run.
fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let text = fs::read(&path)?;
        if path.extension() == Some(OsStr::new("go")) {
            fs::write(to.join(name), text)?;
        } else {
            let mut original = name.to_owned();
            original.push(".original");
            let original = to.join(original);
            if fs::read(&original).ok().as_ref() != Some(&text) {
                fs::write(to.join(name), &text)?;
                fs::write(original, text)?;
            }
        }
        names.push(name.to_owned());
    }
    for entry in fs::read_dir(to)? {
        let path = entry?.path();
        let gone = path.file_name().is_some_and(|name| !names.iter().any(|known| known == name));
        if gone && path.extension() == Some(OsStr::new("go")) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Absent, cause};

    #[test]
    fn a_refused_module_is_told_from_a_missing_tool_and_from_a_mistake() {
        let refused = "go: github.com/flyteorg/flyte/v2@v2.0.43: reading the proxy: 403 Forbidden";
        assert!(matches!(cause(refused), Some(Absent::Refused(line)) if line == refused));
        let old = "go: go.mod requires go >= 1.26.5 (running go 1.25.0; GOTOOLCHAIN=local)";
        assert!(matches!(cause(old), Some(Absent::Here(_))));
        let offline = "go: k8s.io/utils@v0: Get \"…\": dial tcp: lookup proxy: no such host";
        assert!(matches!(cause(offline), Some(Absent::Here(_))));
        assert!(cause("./peer.go:7:2: undefined: connector").is_none());
    }
}
