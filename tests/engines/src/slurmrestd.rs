//! The REST daemon of the Slurm in `slurm`, and the tokens that open it.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::jobs::Attempt;
use crate::slurm::Slurm;

/// What the controller needs to know of tokens. Their key lies in the folder.
pub(crate) fn configuration(folder: &Path) -> String {
    format!("AuthAltTypes=auth/jwt\nAuthAltParameters=jwt_key={}/jwt.key\n", folder.display())
}

/// The daemon with that port. It gets its own rights from nobody: each caller brings a token.
pub(crate) fn command(mut program: Command, folder: &Path, port: u16) -> Command {
    program
        .args(["-a", "rest_auth/jwt", "-s", "openapi/v0.0.38", &format!("127.0.0.1:{port}")])
        .env("SLURM_CONF", folder.join("slurm.conf"))
        .env("SLURM_JWT", "daemon")
        // It refuses to run as root, or as the user that Slurm runs as, which are the only ones here.
        .env("SLURMRESTD_SECURITY", "disable_user_check");
    program
}

/// Whether it can be reached.
pub(crate) fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether Slurm's plug-in for tokens is installed, which distributions keep apart.
pub(crate) fn has_tokens() -> bool {
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let places =
        libraries.map(|entry| entry.path()).chain(["/usr/lib".into(), "/usr/lib64".into()]);
    places
        .flat_map(|place: std::path::PathBuf| [place.join("slurm"), place.join("slurm-wlm")])
        .any(|place| place.join("auth_jwt.so").exists())
}

impl Slurm {
    /// Where the daemon is.
    #[must_use]
    pub fn rest(&self) -> String {
        format!("http://127.0.0.1:{}", self.rest_port())
    }

    /// A token that opens it for the tests' user, for so many seconds.
    ///
    /// # Panics
    /// Slurm makes none.
    #[must_use]
    pub fn token(&self, seconds: u32) -> String {
        let user = format!("username={}", self.user());
        let said = self.said("scontrol", &["token", &user, &format!("lifespan={seconds}")]);
        said.trim().strip_prefix("SLURM_JWT=").expect("a token").to_owned()
    }

    /// A script as a task of slurmrestd, with a token for an hour.
    ///
    /// # Panics
    /// `more` is no object.
    #[must_use]
    pub fn rest_script(&self, script: &str, more: Value) -> Attempt {
        let mut custom = json!({
            "url": self.rest(), "script": script,
            "working_dir": self.folder().join("home").display().to_string(),
        });
        let settings = custom.as_object_mut().expect("an object");
        let Value::Object(more) = more else { panic!("no object: {more}") };
        settings.extend(more);
        Attempt::of("slurm_rest", custom).secret("slurm_token", &self.token(3600))
    }
}
