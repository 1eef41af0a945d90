//! Tasks of the official plug-in, `flyteplugins-slurm`, unchanged: its own classes make the requests, and the official
//! connector under `c0` and the binary get them on one Slurm. What is submitted, answered and logged must be equal but
//! for the table, and a job of one is polled, read and cancelled by the other.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use connector_core::pb::task_execution::Phase;
use connector_service::pb::{CreateTaskRequest, Resource};
use engine_tests::jobs::{Attempt, Job};
use engine_tests::left::until_nothing_is_left;
use engine_tests::server::Server;
use engine_tests::{target, until};
use interop_tests::differential::{complaints, differences};
use interop_tests::script::Transcript;
use serde_json::{Value, json};
use vendor_tests::requests::{Requests, of_run};

use super::official_intended::TABLE;
use super::{Case, SOON};

/// Tasks that come to an end by themselves.
const ENDING: [&str; 11] = [
    "plain",
    "no_shebang",
    "failing",
    "python",
    "options",
    "inputs",
    "outputs",
    "outputs_missing",
    "outputs_by_job",
    "array",
    "function",
];

/// One server, and what became of the requests it got.
struct Side<'a> {
    server: &'a Server,
    case: &'a Case,
    name: &'static str,
    steps: Vec<Value>,
}

impl Side<'_> {
    /// A task's request, as that of a run of this side's, with outputs in a folder of its own.
    fn request(&self, requests: &Requests, task: &str) -> CreateTaskRequest {
        let mut request = of_run(requests.of(task, &[].into()), &self.case.mark);
        let prefix = format!("{}/{task}", self.prefix());
        // The official connector makes no folders, as an object store has none.
        fs::create_dir_all(format!("{prefix}/d/x")).expect("a folder");
        request.output_prefix = format!("file://{prefix}");
        request
    }

    fn prefix(&self) -> String {
        let folder = self.case.slurm.folder().display().to_string();
        format!("{folder}/prefix-{}-{}", self.case.mark, self.name)
    }

    /// Creates the task, as a step with the script that was submitted.
    async fn create(&mut self, requests: &Requests, task: &str) -> Option<Job> {
        let attempt = Attempt::made(self.request(requests, task));
        let created = attempt.create(self.server).await;
        let meta = created.as_ref().map(Job::meta).unwrap_or_default();
        let home = self.case.slurm.folder().join("home");
        let script = meta["job_name"].as_str().map(|name| home.join(format!("{name}.sbatch")));
        let script = script.and_then(|path| fs::read_to_string(path).ok());
        let answer = match &created {
            Ok(_) => json!({"code": "Ok", "meta": meta, "script": script}),
            Err(status) => {
                json!({"code": format!("{:?}", status.code()), "details": status.message()})
            }
        };
        self.note(&format!("{task}: create"), &meta, &answer);
        created.ok()
    }

    /// Asks where it stands, as a step.
    async fn get(&mut self, case: &str, job: &Job) -> Option<Phase> {
        let answer = job.get(self.server).await;
        let phase = answer.as_ref().ok().map(|resource| resource.phase());
        let told = match answer {
            Ok(resource) => json!({
                "code": "Ok", "phase": resource.phase().as_str_name(), "message": resource.message,
                "outputs": Some(named(&resource)).filter(|outputs| !outputs.is_empty()),
                "links": resource.log_links.len(),
            }),
            Err(status) => {
                json!({"code": format!("{:?}", status.code()), "details": status.message()})
            }
        };
        self.note(&format!("{case}: get"), &job.meta(), &told);
        phase
    }

    async fn log(&mut self, case: &str, job: &Job) {
        let log = job.log(self.server).await.expect("a log");
        self.note(&format!("{case}: log"), &job.meta(), &json!({ "log": log }));
    }

    async fn delete(&mut self, case: &str, job: &Job) {
        let deleted = job.delete(self.server).await.map_err(|status| status.message().to_owned());
        self.note(&format!("{case}: delete"), &job.meta(), &json!({"deleted": deleted.err()}));
    }

    /// Waits, without a step, until the job is there or has ended.
    async fn until(&self, job: &Job, phases: &[Phase]) {
        let is = async || {
            let resource = job.get(self.server).await.ok()?;
            phases.contains(&resource.phase()).then_some(())
        };
        until(&format!("{phases:?} of {}", job.meta()), SOON, is).await;
    }

    /// The step without what is another in every run.
    fn note(&mut self, case: &str, meta: &Value, step: &Value) {
        let text = |name: &str| meta[name].as_str().unwrap_or("-none-").to_owned();
        let (id, name) = (text("job_id"), text("job_name"));
        let step = step.to_string().replace(&name, "<name>").replace(&self.prefix(), "<prefix>");
        let step = step.replace(&format!("\"job_id\":\"{id}\""), "\"job_id\":\"<id>\"");
        let step = step.replace(&format!("lurm job {id} "), "lurm job <id> ");
        let step = step.replace(&format!("lurm job {id}."), "lurm job <id>.");
        let step = step.replace(&format!("--jobid={id} "), "--jobid=<id> ");
        // Slurm ends all of a job at once: its shell dies of the signal, or tells of a command that did.
        let step = step.replace("CANCELLED, exit code 143:0", "CANCELLED, exit code 0:15");
        let mut step: Value = serde_json::from_str(&step).expect("names need no escapes");
        if let Some(lines) = step["script"].as_str() {
            // The official connector writes options as a map of protobuf gives them, in any order.
            let mut lines: Vec<&str> = lines.lines().collect();
            for options in lines
                .chunk_by_mut(|one, other| [one, other].iter().all(|it| it.starts_with("#SBATCH")))
            {
                options.sort_unstable();
            }
            step["script"] = lines.into_iter().map(Value::from).collect();
        }
        step["case"] = case.into();
        self.steps.push(step);
    }

    async fn run(&mut self, requests: &Requests) {
        let ends = [Phase::Succeeded, Phase::Failed, Phase::Aborted, Phase::RetryableFailed];
        for task in ENDING {
            let job = self.create(requests, task).await.expect("a job");
            self.until(&job, &ends).await;
            self.get(task, &job).await;
            self.log(task, &job).await;
            self.delete(&format!("{task}, ended"), &job).await;
        }
        for (task, phase) in [("held", Phase::Queued), ("long", Phase::Running)] {
            let job = self.create(requests, task).await.expect("a job");
            self.until(&job, &[phase]).await;
            self.get(&format!("{task}, begun"), &job).await;
            self.delete(task, &job).await;
            self.until(&job, &[Phase::Aborted]).await;
            self.get(task, &job).await;
            self.delete(&format!("{task}, again"), &job).await;
        }
        for task in ["nowhere", "waits"] {
            let Some(job) = self.create(requests, task).await else { continue };
            self.until(&job, &ends).await;
            self.get(task, &job).await;
        }
        let mut meta = self.create(requests, "plain").await.expect("a job").meta();
        meta["job_id"] = "999999".into();
        let unknown = Job::of_meta("slurm_script", &meta);
        self.get("unknown", &unknown).await;
        self.delete("unknown", &unknown).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_connector_and_ours_submit_and_answer_alike() {
    let Some((case, official, requests)) = beside_the_official_one().await else { return };
    let mut theirs = side(&case, &official, "theirs");
    theirs.run(&requests).await;
    let mut ours = side(&case, &case.server, "ours");
    ours.run(&requests).await;
    // A task that one side does not create has no more steps there.
    let kept = |steps: &[Value], other: &[Value]| -> Transcript {
        let is_common = |step: &&Value| other.iter().any(|one| one["case"] == step["case"]);
        Transcript::new(steps.iter().filter(is_common).cloned().collect())
    };
    let (ours, theirs) = (kept(&ours.steps, &theirs.steps), kept(&theirs.steps, &ours.steps));
    assert!(ours.steps().len() > 55, "{}", ours.steps().len());
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, TABLE);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert_eq!(case.slurm.queue(), "");
    until_nothing_is_left(&case.mark).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_one_is_polled_read_and_cancelled_by_the_other() {
    let Some((case, official, requests)) = beside_the_official_one().await else { return };
    for (first, second, name) in
        [(&official, &case.server, "theirs"), (&case.server, &official, "ours")]
    {
        let of = side(&case, first, name);
        for (task, phase) in [
            ("plain", Phase::Succeeded),
            ("failing", Phase::Failed),
            ("outputs", Phase::Succeeded),
            ("outputs_by_job", Phase::Succeeded),
            ("function", Phase::Succeeded),
        ] {
            let job =
                Attempt::made(of.request(&requests, task)).create(first).await.expect("a job");
            let began = Instant::now();
            let told = job.until(second, &[phase], SOON).await;
            assert!(began.elapsed() < SOON, "{told:?}");
            let own = job.until(first, &[phase], SOON).await;
            assert_eq!(
                (&own.message, own.phase()),
                (&told.message, told.phase()),
                "{name}: {task}"
            );
            assert_eq!(named(&own), named(&told), "{name}: {task}");
            assert_eq!(
                job.log(first).await.unwrap(),
                job.log(second).await.unwrap(),
                "{name}: {task}"
            );
        }
        for (task, phase) in [("held", Phase::Queued), ("long", Phase::Running)] {
            let job =
                Attempt::made(of.request(&requests, task)).create(first).await.expect("a job");
            let told = job.until(second, &[phase], SOON).await;
            let own = job.until(first, &[phase], SOON).await;
            assert_eq!(own.message, told.message, "{name}: {task}");
            job.delete(second).await.expect("cancelled");
            job.until(first, &[Phase::Aborted], SOON).await;
            case.nothing_is_left(&job).await;
        }
    }
}

/// The outputs by their names: in which order they come is nobody's promise.
fn named(resource: &Resource) -> BTreeMap<String, String> {
    let literals = resource.outputs.clone().unwrap_or_default().literals.into_iter();
    literals.map(|one| (one.name, format!("{:?}", one.value))).collect()
}

const fn side<'a>(case: &'a Case, server: &'a Server, name: &'static str) -> Side<'a> {
    Side { server, case, name, steps: Vec::new() }
}

/// A case with the official server beside ours, both told where the cluster is by their operator, and the requests.
async fn beside_the_official_one() -> Option<(Case, Server, Requests)> {
    let venv = vendor_tests::official(&target(), "the official Slurm connector")?;
    let mut case = Case::new().await?;
    let mut variables = case.slurm.variables();
    variables.extend(case.slurm.place());
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    case.server = Server::start(&variables);
    let official = Server::official(&venv, &variables);
    let requests = Requests::made(&venv, "slurm_tasks");
    Some((case, official, requests))
}
