//! Builds the server in `go/`, the connector of `bare_batch_job` written by hand against grpc-go.
//! `compare` starts it where Go is, and `tests.rs` holds it against the one in Rust.
//! No Go code for messages is kept here: it is made of `proto/` by the plug-ins that `go/go.mod` pins,
//! and Go is shown it as if it lay among the sources.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use connector_service::pb::FILE_DESCRIPTOR_SET;
use executor_tests::module::lacking;
use fd_lock::RwLock;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};

#[cfg(test)]
mod tests;

/// The module, as its `go.mod` calls it.
const MODULE: &str = "connector-bench";
/// The files whose code is made.
const OURS: &str = "flyteidl2/";
/// Those they import, of which Go has code already.
const WELL_KNOWN: &str = "google/protobuf/";
/// The first makes the messages, the second the services.
const PLUGINS: [&str; 2] = ["protoc-gen-go", "protoc-gen-go-grpc"];

/// Why there is no server.
#[derive(Debug)]
pub enum NoServer {
    /// Go, or a module that cannot be fetched, is missing on this machine.
    Absent(String),
    /// Everything is there, and it does not build.
    Broken(String),
}

impl NoServer {
    fn broken(doing: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::Broken(format!("{doing}: {cause}"))
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Absent(text) | Self::Broken(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for NoServer {}

/// Builds the server below `target`, in the folder `bench-go`, and returns the program. What is built already
/// takes a second.
///
/// # Errors
/// Go or one of its modules is missing, or the server does not compile.
pub fn build(target: &Path) -> Result<PathBuf, NoServer> {
    let folder = target.join("bench-go");
    let problem = |error| NoServer::broken(folder.display(), error);
    fs::create_dir_all(&folder).map_err(problem)?;
    let lock = File::create(folder.with_extension("lock")).map_err(problem)?;
    let mut lock = RwLock::new(lock);
    let _held = lock.write().map_err(problem)?;

    let request = request()?.encode_to_vec();
    let mut overlay = BTreeMap::new();
    for plugin in PLUGINS {
        for (name, text) in generated(plugin, &request)? {
            let made = folder.join(&name);
            write_if_new(&made, &text).map_err(|error| NoServer::broken(made.display(), error))?;
            overlay.insert(sources().join(name), made);
        }
    }
    let listed = folder.join("overlay.json");
    let overlay = serde_json::json!({ "Replace": overlay }).to_string();
    write_if_new(&listed, &overlay).map_err(|error| NoServer::broken(listed.display(), error))?;

    let program = folder.join("grpc_go_batch_job");
    let mut go = go();
    // Two at a time: those who measure may have a small machine.
    go.args(["build", "-p=2", "-overlay"]).arg(&listed).arg("-o").arg(&program).arg(".");
    // The same program whether or not there is a C compiler.
    finished(go.env("CGO_ENABLED", "0"), &[])?;
    Ok(program)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("go")
}

fn go() -> Command {
    let mut command = Command::new("go");
    command.current_dir(sources());
    command
}

/// What a plug-in of protoc is asked: code for our files, each folder a package of Go.
fn request() -> Result<CodeGeneratorRequest, NoServer> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)
        .map_err(|error| NoServer::broken("the descriptors of `proto/`", error))?;
    let (mut ours, mut packages) = (Vec::new(), vec![format!("module={MODULE}")]);
    let mut proto_file = set.file;
    // A plug-in wants to know the package of every file, and those of Flyte 1 have none.
    proto_file.retain(|file| [OURS, WELL_KNOWN].iter().any(|part| file.name().starts_with(part)));
    for name in proto_file.iter().map(|file| file.name()).filter(|name| name.starts_with(OURS)) {
        let (folder, _) = name.rsplit_once('/').unwrap_or_default();
        packages.push(format!("M{name}={MODULE}/{folder}"));
        ours.push(name.to_owned());
    }
    Ok(CodeGeneratorRequest {
        file_to_generate: ours,
        parameter: Some(packages.join(",")),
        proto_file,
        ..Default::default()
    })
}

/// The files that a plug-in makes, by their names below the sources.
fn generated(plugin: &str, request: &[u8]) -> Result<Vec<(String, String)>, NoServer> {
    let answer = finished(go().args(["tool", plugin]), request)?;
    let answer = CodeGeneratorResponse::decode(&*answer.stdout)
        .map_err(|error| NoServer::broken(format!("the answer of {plugin}"), error))?;
    match answer.error {
        Some(error) => Err(NoServer::broken(plugin, error)),
        None => Ok(answer
            .file
            .into_iter()
            .map(|file| (file.name.unwrap_or_default(), file.content.unwrap_or_default()))
            .collect()),
    }
}

/// Runs Go to its end, with this on its standard input.
fn finished(command: &mut Command, input: &[u8]) -> Result<Output, NoServer> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NoServer::Absent(format!("there is no usable `go`: {error}")),
        _ => NoServer::broken("`go`", error),
    })?;
    // All of it is read before anything is written, and a plug-in that does not start reads nothing.
    let told = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input));
    let output = child.wait_with_output().map_err(|error| NoServer::broken("`go`", error))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(match lacking(&text) {
            Some(line) => NoServer::Absent(line.to_owned()),
            None => NoServer::broken(format!("{command:?}"), text),
        });
    }
    told.map_err(|error| NoServer::broken(format!("{command:?}"), error))?;
    Ok(output)
}

/// Go compiles again what has another time.
fn write_if_new(path: &Path, text: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
