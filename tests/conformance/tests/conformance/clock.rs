//! A clock of the machine that jumps, a day on and two back: what the server remembers, and when it asks a vendor
//! again, goes by a clock that nobody sets. The jump is planted in the process, by a library before the C library's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use conformance_tests::probe::meta;
use conformance_tests::program::Program;
use conformance_tests::running::{attempt, logs};
use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::get_task_logs_response::Part;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};

/// Moves the time of day by days: the file that `CLOCK_FILE` names has a byte for each, and ten more.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    struct stat file;
    const char *name = getenv("CLOCK_FILE");
    if (clock == CLOCK_REALTIME && name && stat(name, &file) == 0)
        time->tv_sec += (file.st_size - 10) * 86400L;
    return result;
}
"#;

/// Sets the clock of the server: as many days before or after today.
fn jump(file: &Path, days: i32) {
    fs::write(file, "x".repeat(usize::try_from(days + 10).expect("less than ten days back")))
        .unwrap();
}

fn library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, LIBRARY).unwrap();
    let mut build = Command::new("cc");
    build.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    assert!(build.status().expect("a C compiler, as Rust needs one").success());
    library
}

async fn state(tasks: &mut AsyncConnectorServiceClient<Channel>, job: &[u8]) -> pb::Resource {
    let category = pb::TaskCategory { name: "simulator".to_owned(), version: 0 };
    let request = pb::GetTaskRequest {
        resource_meta: job.to_vec().into(),
        task_category: Some(category),
        ..Default::default()
    };
    tasks.get_task(request).await.expect("a state").into_inner().resource.expect("a state")
}

fn simulated(execution: &str, custom: Value) -> pb::CreateTaskRequest {
    let mut request = attempt("simulator", execution, 0);
    let template = request.template.as_mut().expect("a template");
    template.custom = Some(json_to_struct(custom).expect("an object"));
    request
}

/// The time of day as a connector of the server has it, in seconds.
async fn time_of_day(tasks: &mut AsyncConnectorServiceClient<Channel>) -> i64 {
    let mut pages =
        tasks.get_task_logs(logs("probe", meta("many lines"))).await.unwrap().into_inner();
    loop {
        let page = pages.message().await.unwrap().expect("a page with lines");
        if let Some(Part::Body(body)) = page.part
            && let Some(time) = body.lines.first().and_then(|line| line.timestamp)
        {
            return time.seconds;
        }
    }
}

#[tokio::test]
async fn a_clock_that_jumps_changes_nothing_that_is_remembered() {
    const DAY: i64 = 86_400;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("days");
    jump(&file, 0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]);
    command.env("LD_PRELOAD", library(folder.path())).env("CLOCK_FILE", &file);
    // The vendor is asked once an hour, and an answer to a create is kept for ten minutes.
    command.env("CONNECTOR_POLICY__POLL_INTERVAL", "1h");
    let server = Program::start(command);
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", server.port())).unwrap();
    let mut tasks = AsyncConnectorServiceClient::new(endpoint.connect().await.unwrap());
    let attempt = || simulated("film", json!({"tag": "film", "phases": ["RUNNING"]}));
    let job = tasks.create_task(attempt()).await.unwrap().into_inner().resource_meta;
    let first = state(&mut tasks, &job).await;
    let began = time_of_day(&mut tasks).await;
    for days in [1, -1] {
        jump(&file, days);
        let jumped = time_of_day(&mut tasks).await - began - i64::from(days) * DAY;
        assert!(jumped.abs() < DAY / 2, "the clock of the server has not jumped: {jumped}");
        let again = tasks.create_task(attempt()).await.unwrap().into_inner().resource_meta;
        assert_eq!(again, job, "the answer is remembered, {days}");
        let told = state(&mut tasks, &job).await;
        assert_eq!(told.phase, first.phase, "{}", told.message);
        let polls = struct_to_json(&told.custom_info.expect("counts"))["polls"].clone();
        assert_eq!(polls, 1.0, "it is not asked again, {days}");
    }
    // And what is new is served.
    tasks.create_task(simulated("other", json!({}))).await.expect("a job");
    assert!(!server.said().contains("panic"), "{}", server.said());
}
