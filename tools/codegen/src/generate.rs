//! From `proto/` to the contents of every generated file, in memory and the same on each run.
//! Called by `main`. Nothing here touches the checkout: `checked_in` compares and writes.
//! Core gets the messages that know no transport; the server gets the connector package with its services,
//! and of Flyte 1 what is not the same on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The package that holds the services; its code belongs to the server crate.
const SERVICE_PACKAGE: &str = "flyteidl2.connector";

/// What the packages of Flyte 1 begin with.
const FLYTE_1: &str = "flyteidl.";

/// Messages of Flyte 1 that are answered and read as those of Flyte 2, for which no code is made. What
/// differs is what nobody sends, or what is left unset on purpose; a test of the server compares the rest.
/// All of `flyteidl.core` is such, too.
const SHARED: [(&str, &str); 13] = [
    (".flyteidl.core", "::connector_core::pb"),
    (".flyteidl.core.LiteralMap", "::connector_core::pb::task::Inputs"),
    (".flyteidl.admin.CreateTaskRequest", "crate::pb::CreateTaskRequest"),
    (".flyteidl.admin.CreateTaskResponse", "crate::pb::CreateTaskResponse"),
    (".flyteidl.admin.TaskExecutionMetadata", "crate::pb::TaskExecutionMetadata"),
    (".flyteidl.admin.TaskCategory", "crate::pb::TaskCategory"),
    (".flyteidl.admin.GetTaskResponse", "crate::pb::GetTaskResponse"),
    (".flyteidl.admin.DeleteTaskResponse", "crate::pb::DeleteTaskResponse"),
    (".flyteidl.admin.GetTaskMetricsResponse", "crate::pb::GetTaskMetricsResponse"),
    (".flyteidl.admin.GetTaskLogsResponse", "crate::pb::GetTaskLogsResponse"),
    (".flyteidl.admin.GetTaskLogsResponseHeader", "crate::pb::GetTaskLogsResponseHeader"),
    (".flyteidl.admin.GetTaskLogsResponseBody", "crate::pb::GetTaskLogsResponseBody"),
    (".flyteidl.admin.LogLine", "::connector_core::pb::logs::dataplane::LogLine"),
];

/// Where the generated files of each crate live, seen from the workspace root.
pub(crate) const CORE_DIR: &str = "connector-core/src/pb";
pub(crate) const SERVER_DIR: &str = "connector-service/src/pb";

/// Anything that went wrong; the text is all that a caller needs.
pub(crate) type Failure = Box<dyn Error>;

/// Contents by path relative to the workspace root.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Compiles every `.proto` file under `proto` and returns all generated files.
///
/// # Errors
/// When a file does not compile, or the code generator refuses it.
pub(crate) fn wire_files(proto: &Path) -> Result<Files, Failure> {
    let described = compile(proto)?;
    let mut files = Files::new();

    // Each half is given every file that its messages reach, though it prints only its own: what a
    // message may derive depends on the messages inside it.
    let messages = without_services(&described);
    let core = tonic_prost_build::configure().build_client(false).build_server(false);
    let of_service = || {
        tonic_prost_build::configure().build_transport(false).codec_path("crate::unpacked::Counted")
    };
    let (mut server, mut flyte1) = (of_service(), of_service());
    for package in packages(&messages) {
        server = server.extern_path(format!(".{package}"), core_path(package));
        flyte1 = flyte1.extern_path(format!(".{package}"), core_path(package));
    }
    flyte1 = flyte1.extern_path(format!(".{SERVICE_PACKAGE}"), "crate::pb");
    for (message, path) in SHARED {
        flyte1 = flyte1.extern_path(message, path);
    }
    collect(core, messages, CORE_DIR, &mut files)?;
    collect(server, of_flyte_2(&described), SERVER_DIR, &mut files)?;
    let mut of_flyte_1 = Files::new();
    collect(flyte1, described.clone(), SERVER_DIR, &mut of_flyte_1)?;
    // Of the packages that it only needs to know, nothing but a heading is printed.
    let of_flyte_1 = of_flyte_1.into_iter().filter(|(path, _)| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FLYTE_1))
    });
    files.extend(of_flyte_1);

    files.insert(
        Path::new(SERVER_DIR).join("descriptors.bin"),
        without_source(described).encode_to_vec(),
    );
    Ok(files)
}

/// The descriptors of all files and of the well-known types they import, dependencies first.
fn compile(proto: &Path) -> Result<FileDescriptorSet, Failure> {
    let mut sources = Vec::new();
    find_sources(proto, &mut sources)?;
    // The order of the descriptors, and so their bytes, must not depend on the file system.
    sources.sort();
    let mut compiler = protox::Compiler::new([proto])?;
    compiler.include_imports(true).include_source_info(true);
    for source in sources {
        compiler.open_file(&source).map_err(|error| {
            let file = error.file().map_or(source, PathBuf::from);
            format!("{}: {error}", file.display())
        })?;
    }
    Ok(compiler.file_descriptor_set())
}

fn find_sources(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            find_sources(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

fn of_flyte_2(described: &FileDescriptorSet) -> FileDescriptorSet {
    let mut kept = described.clone();
    kept.file.retain(|file| !file.package().starts_with(FLYTE_1));
    kept
}

fn without_services(described: &FileDescriptorSet) -> FileDescriptorSet {
    let mut kept = of_flyte_2(described);
    kept.file.retain(|file| file.package() != SERVICE_PACKAGE);
    kept
}

/// The packages whose types the core crate owns; `prost-types` owns the well-known ones.
fn packages(described: &FileDescriptorSet) -> BTreeSet<&str> {
    let names = described.file.iter().map(|file| file.package());
    names.filter(|name| !name.starts_with("google.")).collect()
}

/// Where authors find a package: Flyte's core is `pb` itself, the others are modules of it.
fn core_path(package: &str) -> String {
    let inner = package.strip_prefix("flyteidl2.").filter(|inner| *inner != "core");
    let modules = inner.into_iter().flat_map(|inner| inner.split('.'));
    ["::connector_core::pb"].into_iter().chain(modules).collect::<Vec<_>>().join("::")
}

/// Generates one crate's share into a scratch folder and reads it back under `target`.
fn collect(
    builder: tonic_prost_build::Builder,
    described: FileDescriptorSet,
    target: &str,
    files: &mut Files,
) -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    builder
        .bytes(".")
        // Ordered maps give the same bytes for the same message, as Python's deterministic mode.
        .btree_map(".")
        // Large parts of a request that is moved from layer to layer; by value, copying them would
        // be a third of a call's cost.
        .boxed(".flyteidl2.connector.CreateTaskRequest.template")
        .boxed(".flyteidl2.connector.CreateTaskRequest.task_execution_metadata")
        .boxed(".flyteidl.admin.CreateRequestHeader.template")
        .boxed(".flyteidl.admin.CreateRequestHeader.task_execution_metadata")
        .out_dir(scratch.path())
        .compile_fds(described)?;
    for entry in fs::read_dir(scratch.path())? {
        let entry = entry?;
        files.insert(Path::new(target).join(entry.file_name()), fs::read(entry.path())?);
    }
    Ok(())
}

/// Comments and positions triple the size, and reflection clients do not need them.
fn without_source(mut described: FileDescriptorSet) -> FileDescriptorSet {
    for file in &mut described.file {
        file.source_code_info = None;
    }
    described
}
