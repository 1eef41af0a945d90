//! The REST daemon of the Slurm in `slurm`, and what that Slurm needs to know of tokens.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

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
