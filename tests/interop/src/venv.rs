//! A Python virtual environment with the official packages, made once and kept under the target folder.
//! The tests ask for it first; where it cannot be had they are skipped, or fail if the run is a CI run.
//! What the packages are stands in a package's `requirements.txt`; what is run in them, in `script.rs` and `peer.rs`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fd_lock::RwLock;

use crate::absent::missing;
use crate::{HarnessError, Result};

/// The oldest Python that the pinned packages install on.
const OLDEST_PYTHON: (u32, u32) = (3, 11);

/// What an environment holds, and the scripts that run in it: those of one package of tests.
#[derive(Debug, Clone, Copy)]
pub struct Packages {
    /// What the environment's folder is called; its packages and its Python add a number.
    pub name: &'static str,
    /// The folder of that package: `env!("CARGO_MANIFEST_DIR")`. Its scripts are in `python`.
    pub folder: &'static str,
    /// Its `requirements.txt`, which names its `constraints.txt`.
    pub requirements: &'static str,
    /// Its `constraints.txt`.
    pub constraints: &'static str,
}

/// The official SDK and checkers of generated code.
pub const SDK: Packages = Packages {
    name: "interop-venv",
    folder: env!("CARGO_MANIFEST_DIR"),
    requirements: include_str!("../requirements.txt"),
    constraints: include_str!("../constraints.txt"),
};

impl Packages {
    fn scripts(&self) -> PathBuf {
        Path::new(self.folder).join("python")
    }
}

/// A virtual environment that holds the official packages.
#[derive(Debug, Clone)]
pub struct Venv {
    root: PathBuf,
    packages: Packages,
}

impl Venv {
    /// The environment of the official SDK under `target`: [`Venv::of`] for [`SDK`].
    ///
    /// # Panics
    /// As [`Venv::of`].
    #[must_use]
    pub fn official_sdk(target: &Path, what: &str) -> Option<Self> {
        Self::of(SDK, target, what)
    }

    /// The environment of those packages under `target`, made now if it is not there yet.
    ///
    /// Without Python, its `venv` module or a package index, one line says that `what` was skipped, and
    /// the answer is `None`.
    ///
    /// # Panics
    /// Under `CI=true`, where a peer that is missing means that nothing was tested.
    #[must_use]
    pub fn of(packages: Packages, target: &Path, what: &str) -> Option<Self> {
        match Self::make(packages, target) {
            Ok(venv) => Some(venv),
            Err(error) => {
                missing(what, &error);
                None
            }
        }
    }

    fn make(packages: Packages, target: &Path) -> Result<Self> {
        let python = Interpreter::find()?;
        let Packages { name, requirements, constraints, .. } = packages;
        let key = fingerprint(&[requirements, constraints, &python.version, &python.prefix]);
        let venv = Self { root: target.join(format!("{name}-{key:016x}")), packages };
        // Written last: a folder without it is what an interrupted run left behind.
        let marker = venv.root.join(".complete");
        let doing = "cannot lock the virtual environment";

        fs::create_dir_all(target).map_err(|error| HarnessError::from_cause(doing, error))?;
        let lock = File::create(venv.root.with_extension("lock"))
            .map_err(|error| HarnessError::from_cause(doing, error))?;
        let mut lock = RwLock::new(lock);
        let _held = lock.write().map_err(|error| HarnessError::from_cause(doing, error))?;
        if !marker.exists() {
            venv.install()?;
            File::create(&marker)
                .map_err(|error| HarnessError::from_cause("cannot mark the environment", error))?;
        }
        Ok(venv)
    }

    fn install(&self) -> Result<()> {
        if self.root.exists() {
            fs::remove_dir_all(&self.root).map_err(|error| {
                HarnessError::from_cause("cannot remove a half-made environment", error)
            })?;
        }
        let requirements = Path::new(self.packages.folder).join("requirements.txt");
        run(
            "python3 cannot make a virtual environment",
            Command::new("python3").args(["-m", "venv"]).arg(&self.root),
        )?;
        run(
            "pip cannot install the official packages",
            Command::new(self.executable("python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-input",
                ])
                .arg("--requirement")
                .arg(requirements),
        )?;
        Ok(())
    }

    fn executable(&self, name: &str) -> PathBuf {
        self.root.join("bin").join(name)
    }

    /// A command that runs one of the package's scripts.
    #[must_use]
    pub fn script(&self, name: &str) -> Command {
        let mut command = self.command("python");
        command.arg(self.packages.scripts().join(name));
        command
    }

    /// A command of the environment, with the package's scripts on its module path, and those of this
    /// package behind them.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let path = std::env::join_paths([self.packages.scripts(), SDK.scripts()]);
        let mut command = Command::new(self.executable(name));
        command
            .env("PYTHONPATH", path.unwrap_or_default())
            // The scripts lie in the source tree, which a test must not write to.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("FLYTE_DISABLE_TELEMETRY", "1")
            .stdin(Stdio::null());
        command
    }
}

/// The Python that environments are made with.
#[derive(Debug)]
struct Interpreter {
    version: String,
    prefix: String,
}

impl Interpreter {
    fn find() -> Result<Self> {
        let question = "import sys; print(*sys.version_info[:3], sep='.'); print(sys.base_prefix)";
        let output =
            run("there is no usable python3", Command::new("python3").args(["-c", question]))?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = answer.lines().map(str::to_owned);
        let (Some(version), Some(prefix)) = (lines.next(), lines.next()) else {
            return Err(HarnessError::new(format!(
                "python3 does not tell its version: {answer:?}"
            )));
        };
        if parse_version(&version).is_none_or(|found| found < OLDEST_PYTHON) {
            let (major, minor) = OLDEST_PYTHON;
            return Err(HarnessError::new(format!(
                "the pinned packages need Python {major}.{minor} or newer, and python3 is {version}"
            )));
        }
        Ok(Self { version, prefix })
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Runs a command to its end; `complaint` opens the error when it does not succeed.
pub(crate) fn run(complaint: &str, command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| HarnessError::from_cause(complaint, error))?;
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let cause =
        if text.trim().is_empty() { output.status.to_string() } else { text.trim().to_owned() };
    Err(HarnessError::from_cause(complaint, cause))
}

/// FNV-1a, because the hash in a folder's name must not change with the release of the compiler.
fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, parse_version};

    #[test]
    fn python_versions_compare_by_number() {
        assert_eq!(parse_version("3.9.18"), Some((3, 9)));
        assert!(parse_version("3.9.18") < parse_version("3.10.1"));
        assert_eq!(parse_version("three"), None);
    }

    #[test]
    fn the_fingerprint_tells_parts_apart() {
        assert_eq!(fingerprint(&[]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
    }
}
