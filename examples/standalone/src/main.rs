//! A server of your own: `cargo run` serves the connector below, `cargo run -- list` shows it.

use std::{path::PathBuf, process::ExitCode};

use connector_core::prelude::*;

/// What later calls need to know. Flyte keeps it between calls, so the server remembers nothing.
#[derive(Serialize, Deserialize)]
struct AwaitedFile {
    path: PathBuf,
}

/// Runs every Flyte task of type `file_sensor`: the task succeeds once its file is there.
#[connector(task_type = "file_sensor", meta = AwaitedFile)]
#[derive(Default)]
struct FileSensor;

impl AsyncConnector for FileSensor {
    async fn create(&self, task: CreateTask<Self>) -> Result<AwaitedFile> {
        task.config.parse() // The task's settings: `{"path": "/data/ready"}`.
    }

    async fn get(&self, file: &AwaitedFile, _cx: &TaskContext<Self>) -> Result<Resource> {
        let found = file.path.try_exists().or_transient("cannot look")?;
        Ok(match found {
            true => Resource::succeeded(Outputs::None),
            false => Resource::running().message("the file is not there yet"),
        })
    }

    async fn delete(&self, _file: &AwaitedFile, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(()) // Nothing to stop.
    }
}

fn main() -> ExitCode {
    connector_service::main()
}
