//! The Python wheel: built by maturin around the program of a release, installed into an environment without
//! anything else, and used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use interop_tests::peer::Server;
use packaging_tests::{checkers, checkout, printed, target};
use tempfile::TempDir;

/// The wheel; once a release is built, nothing is compiled for it.
fn wheel() -> Option<&'static Path> {
    static WHEEL: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let make = || {
        let out = tempfile::tempdir().unwrap();
        let wheel = build(out.path())?;
        Some((out, wheel))
    };
    WHEEL.get_or_init(make).as_ref().map(|(_, wheel)| wheel.as_path())
}

fn build(out: &Path) -> Option<PathBuf> {
    let target = target(env!("CARGO_TARGET_TMPDIR"));
    let venv = checkers(&target, "the wheel")?;
    // Another profile is for those who work on this test: a release takes minutes.
    let profile = std::env::var("WHEEL_PROFILE").unwrap_or_else(|_| "release".to_owned());
    let mut build = venv.command("maturin");
    build.args(["build", "--locked", "--quiet", "--profile", &profile, "--target-dir"]).arg(target);
    // `cargo test` sets what makes cargo compile anew.
    interop_tests::cargo::forget_outer(&mut build);
    printed(build.arg("--out").arg(out).current_dir(checkout()));
    let mut wheels = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    let wheel = wheels.next().unwrap();
    assert!(wheels.next().is_none());
    Some(wheel)
}

/// An environment with the wheel and nothing else.
fn installed(wheel: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    printed(Command::new("python3").args(["-m", "venv"]).arg(folder.path()));
    printed(python(&folder).args(["-m", "pip", "install", "--quiet", "--no-index"]).arg(wheel));
    folder
}

fn python(folder: &TempDir) -> Command {
    Command::new(folder.path().join("bin/python"))
}

#[test]
#[ignore = "builds a release; `just wheel` runs it"]
fn pip_installs_the_program_and_flytes_name_for_it() {
    let Some(wheel) = wheel() else { return };
    let name = wheel.file_name().unwrap().to_string_lossy().into_owned();
    // For every Python from 3 on, and for systems as old as this one or older.
    assert!(name.starts_with("flyte_connector_server-0.1.0-py3-none-manylinux_2_"), "{name}");
    let folder = installed(wheel);
    printed(python(&folder).args(["-m", "pip", "check"]));
    let listed = "import importlib.metadata as m, json\n\
                  files = m.files('flyte-connector-server')\n\
                  sbom = next(f for f in files if f.match('sboms/*.cyclonedx.json'))\n\
                  print(*sorted({c['name'] for c in json.loads(sbom.read_text())['components']}))";
    let crates = printed(python(&folder).args(["-c", listed]));
    for name in ["rustls", "tokio", "connector-gate"] {
        assert!(crates.split_whitespace().any(|listed| listed == name), "no {name} in {crates}");
    }

    let version = |program: &str| {
        printed(Command::new(folder.path().join("bin").join(program)).arg("--version"))
    };
    assert!(version("connector-server").starts_with("connector-server 0.1.0"));
    assert!(version("c0").starts_with("c0 0.1.0"));
    // As `flyte.app.ConnectorEnvironment` writes it, so it serves: `Server` waits for its port.
    let mut c0 =
        Server::c0("c0 of the wheel", &mut Command::new(folder.path().join("bin/c0"))).unwrap();
    let ready =
        format!("import urllib.request as r; print(r.urlopen({:?}).status)", c0.metrics_url());
    assert_eq!(printed(python(&folder).args(["-c", &ready])).trim(), "200");
    // What runs is the program, under the process that was started: a signal reaches it.
    let sent = Command::new("kill").args(["-s", "TERM", &c0.pid().to_string()]).status();
    assert!(sent.unwrap().success());
    assert_eq!(c0.wait(), Some(0), "{}", c0.output());
}

#[test]
#[ignore = "builds a release; `just wheel` runs it"]
fn installed_after_flytes_sdk_its_c0_is_found() {
    let Some(wheel) = wheel() else { return };
    let folder = tempfile::tempdir().unwrap();
    printed(Command::new("python3").args(["-m", "venv"]).arg(folder.path()));
    let c0 = folder.path().join("bin/c0");
    for (package, name) in [("flyte==2.12.1".as_ref(), "flyte._bin"), (wheel, "flyte_connector")] {
        let mut install = python(&folder);
        printed(install.args(["-m", "pip", "install", "--quiet", "--no-deps"]).arg(package));
        assert!(fs::read_to_string(&c0).unwrap().contains(name), "{name}");
    }
}

#[test]
#[ignore = "builds a release; `just wheel` runs it"]
fn connectors_in_python_run_in_the_python_of_the_wheel() {
    let Some(wheel) = wheel() else { return };
    let folder = installed(wheel);
    let mut list = Command::new(folder.path().join("bin/connector-server"));
    list.args(["list", "--modules", "farm"]).env_remove("VIRTUAL_ENV");
    let listed = list.output().unwrap();
    let said = String::from_utf8_lossy(&listed.stderr).into_owned();
    // There is no Flyte in it, and that is what its Python says: no other was asked.
    let beside = folder.path().join("bin/python");
    assert!(said.contains(&beside.display().to_string()), "{said}");
}
