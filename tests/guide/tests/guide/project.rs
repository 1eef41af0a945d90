//! A project beside a clone, in an empty folder, and programs run in it.
//! The tests of the template and of the guide's commands use it.
//! It is outside of this workspace, because cargo would take a project inside for a member.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// This checkout.
pub(crate) fn checkout() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", root.display()))
}

/// The target folder this test was compiled into.
pub(crate) fn target() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    target.canonicalize().expect("a target folder")
}

/// Cargo's settings for the projects: the profile of this workspace, so that what is compiled is shared with it.
fn profile() -> String {
    let manifest = std::fs::read_to_string(checkout().join("Cargo.toml")).expect("a manifest");
    let start = manifest.find("[profile.dev]").expect("a profile");
    let end = manifest.find("[profile.release]").expect("a second profile");
    manifest.get(start..end).expect("a part of the manifest").to_owned()
}

/// A folder that only the clone `flyte-connectors` is in, and the projects of the tests that run.
/// It goes when the last of them ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder of all tests that run: cargo names what it compiles by the path, so each folder of its own
    /// would be one more copy of everything. For the same reason it is the same one in every run.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Folder>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let folder = Arc::new(Self::new());
            *shared = Arc::downgrade(&folder);
            folder
        })
    }

    fn new() -> Self {
        let mut hasher = DefaultHasher::new();
        env!("CARGO_TARGET_TMPDIR").hash(&mut hasher);
        let folder = format!("connector-guide-{:016x}", hasher.finish());
        let folder = Self(std::env::temp_dir().join(folder));
        folder.remove();
        std::fs::create_dir(folder.path()).expect("a temporary folder");
        symlink(checkout(), folder.path().join("flyte-connectors"))
            .expect("a link to this checkout");
        let settings = folder.path().join(".cargo");
        std::fs::create_dir(&settings).expect("a folder for cargo's settings");
        std::fs::write(settings.join("config.toml"), profile()).expect("cargo's settings");
        folder
    }

    /// Links are removed, not followed.
    fn remove(&self) {
        std::fs::remove_dir_all(self.path()).ok();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Has a project compile into the folder of this checkout, with its versions.
    pub(crate) fn share_builds_with(&self, project: &Path) {
        let within = project.join("target");
        if project.join("Cargo.toml").exists() && !within.exists() {
            // Cargo is told by a variable; this is for those who look for what it built.
            std::fs::create_dir(&within).expect("a folder for what cargo builds");
            for profile in ["debug", "release"] {
                symlink(target().join("debug"), within.join(profile)).expect("a link to a profile");
            }
            self.lock(&project.display().to_string());
        }
    }

    /// Gives a project the versions this checkout is built with, so that nothing has to be fetched.
    pub(crate) fn lock(&self, project: &str) {
        let lock = self.path().join(project).join("Cargo.lock");
        std::fs::copy(checkout().join("Cargo.lock"), lock).expect("a copy of Cargo.lock");
    }

    /// The variables for cargo, in whatever is started here.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.env("CARGO_TARGET_DIR", target());
        command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
        interop_tests::cargo::forget_outer(command);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let ours = ["CONNECTOR", "FLYTE_CONNECTOR"];
            if ours.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
    }

    /// A program to be run in a folder of this one.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, within: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path().join(within));
        self.prepare(&mut command);
        command
    }

    /// Runs a program and answers what it printed to standard output; it must end with 0.
    pub(crate) fn run(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        within: &str,
    ) -> String {
        let mut command = self.command(program, within);
        command.args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{command:?} ended with {}:\n{printed}{said}",
            output.status
        );
        printed
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}
