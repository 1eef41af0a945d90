//! Tasks of Flyte 1's plug-in, `flytekitplugins-slurm`, unchanged, over Flyte 1's services: flytekit's own server and
//! the binary submit them to one Slurm. What Slurm then has must be equal but for the table, and each cancels what the
//! other one began. It asks about jobs with `scontrol --json`, which Slurm 22.05 does not have, so its polls fail.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_core::pb::task_execution::Phase;
use connector_service::pb::flyte1::async_agent_service_client::AsyncAgentServiceClient;
use connector_service::pb::flyte1::{DeleteTaskRequest, GetTaskRequest};
use connector_service::pb::{CreateTaskRequest, Resource, TaskCategory};
use engine_tests::jobs::Job as Logged;
use engine_tests::server::Server;
use engine_tests::{target, until};
use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer;
use interop_tests::script::Transcript;
use serde_json::{Map, Value, json};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use vendor_tests::requests::{Requests, category, of_run};

use super::{Case, SOON};

const TABLE: &[Intended] = &[
    Intended {
        cases: &["*"],
        fields: &[("job.JobName", "flyte-")],
        reason: "the name tells the attempt, by which a create finds the job of the one before",
    },
    Intended {
        cases: &["options"],
        fields: &[("job.JobName", "flyte-tiny-slurm-")],
        reason: "the name of the task's own is in it",
    },
    Intended {
        cases: &["nice"],
        fields: &[("code", "Ok"), ("meta", "login"), ("script", "true"), ("job", r#""Nice":"5""#)],
        reason: "a value belongs to its option; there a blank is between them, and where Slurm's option can do without \
                 a value, as --nice, the value is taken for the script",
    },
    Intended {
        cases: &["number"],
        fields: &[("code", "Ok"), ("meta", "login"), ("script", "true"), ("job", "CPUs/Task")],
        reason: "a number is whole; there it is written as 2.0, which sbatch refuses",
    },
    Intended {
        cases: &["brace"],
        fields: &[("code", "Ok"), ("meta", "the script has a single brace at `{HOME}`")],
        reason: "a task that can never work fails; there each attempt meets the same error",
    },
];

/// What scontrol tells of a job that is another for each.
const ELSEWISE: [&str; 4] = ["AllocNode:Sid", "JobId", "LastSchedEval", "Priority"];

/// A job, as Flyte 1 keeps it.
struct Job {
    category: TaskCategory,
    resource_meta: bytes::Bytes,
}

impl Job {
    fn meta(&self) -> Value {
        serde_json::from_slice(&self.resource_meta).unwrap_or_default()
    }

    fn id(&self) -> String {
        self.meta()["job_id"].as_str().unwrap_or_default().to_owned()
    }
}

/// Flyte 1's client of a server.
struct Agent(AsyncAgentServiceClient<Channel>);

impl Agent {
    async fn create(&mut self, request: CreateTaskRequest) -> Result<Job, Status> {
        let category = category(&request);
        let resource_meta = self.0.create_task(request).await?.into_inner().resource_meta;
        Ok(Job { category, resource_meta })
    }

    async fn get(&mut self, job: &Job) -> Result<Resource, Status> {
        let (task_category, resource_meta) =
            (Some(job.category.clone()), job.resource_meta.clone());
        let request = GetTaskRequest { task_category, resource_meta, ..Default::default() };
        Ok(self.0.get_task(request).await?.into_inner().resource.unwrap_or_default())
    }

    async fn delete(&mut self, job: &Job) -> Result<(), Status> {
        let (task_category, resource_meta) =
            (Some(job.category.clone()), job.resource_meta.clone());
        let request = DeleteTaskRequest { task_category, resource_meta, ..Default::default() };
        self.0.delete_task(request).await.map(drop)
    }

    async fn until(&mut self, job: &Job, phase: Phase) -> Resource {
        let agent = tokio::sync::Mutex::new(self);
        let is = async || {
            let resource = agent.lock().await.get(job).await.expect("an answer");
            let is_final =
                matches!(resource.phase(), Phase::Succeeded | Phase::Failed | Phase::Aborted);
            assert!(!is_final || resource.phase() == phase, "{resource:?}");
            (resource.phase() == phase).then_some(resource)
        };
        until(&format!("{phase:?} of {}", job.meta()), SOON, is).await
    }
}

/// A Slurm with our server, as an operator of Flyte 1 sets it up, and the requests of the tasks.
async fn of_flyte_1() -> Option<(Case, Requests)> {
    let venv = flyte1_tests::flytekit(&target(), "Flyte 1's Slurm tasks")?;
    let mut case = Case::new().await?;
    let folder = case.slurm.folder();
    fs::write(folder.join("there.slurm"), "#!/bin/bash\necho there \"$@\"\n").expect("a file");
    let run = folder.join("bin/pyflyte-execute");
    fs::write(&run, "#!/bin/sh\necho runs \"$MINE\" \"$2\"\n").expect("a file");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).expect("permissions");
    let key = fs::read_to_string(folder.join("user")).expect("a key");
    let mut variables = case.slurm.place();
    let known =
        case.slurm.variables().into_iter().filter(|(name, _)| name.ends_with("KNOWN_HOSTS"));
    variables.extend(known);
    variables.push(("_FSEC_FLYTE_SLURM_PRIVATE_KEY".to_owned(), key));
    variables.push(("CONNECTOR__SLURM__SECRET_HOSTS".to_owned(), "127.0.0.1".to_owned()));
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    case.server = Server::start(&variables);
    Some((case, Requests::made(&venv, "slurm_tasks")))
}

impl Case {
    async fn agent(&self) -> Agent {
        Agent(AsyncAgentServiceClient::new(self.server.channel().await))
    }

    /// The request of that task, on this Slurm and with that mark, with further options of sbatch.
    fn request(&self, requests: &Requests, task: &str, more: &[(&str, &str)]) -> CreateTaskRequest {
        let mut request = of_run(requests.of(task, &[].into()), &format!("{}{task}", self.mark));
        // Flyte 1 sends none.
        request.connection = None;
        let custom = request.template.as_mut().and_then(|template| template.custom.as_mut());
        let custom = custom.expect("settings of the task");
        let mut settings = struct_to_json(custom);
        let folder = self.slurm.folder().display().to_string();
        settings["ssh_config"] = json!({
            "host": "login", "username": self.slurm.user(), "client_keys": [format!("{folder}/user")],
        });
        if !settings["batch_script_path"].is_null() {
            settings["batch_script_path"] = format!("{folder}/there.slurm").into();
        }
        for (name, value) in more {
            settings["sbatch_config"][name] = (*value).into();
        }
        *custom = json_to_struct(settings).expect("settings of the task");
        request
    }

    /// What became of a create: metadata, and the job as Slurm has it, without what is another in every run.
    fn step(&self, task: &str, created: &Result<Job, Status>) -> Value {
        let job = match created {
            Ok(job) => job,
            Err(status) => return json!({"case": task, "code": format!("{:?}", status.code())}),
        };
        let id = job.id();
        if id.is_empty() {
            return json!({"case": task, "code": "Ok", "meta": job.meta()});
        }
        let script = self.slurm.said("scontrol", &["write", "batch_script", &id, "-"]);
        let shown = self.slurm.said("scontrol", &["show", "job", &id, "--oneliner"]);
        let fields: Map<String, Value> = shown
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .filter(|(name, _)| !name.ends_with("Time") && !ELSEWISE.contains(name))
            .map(|(name, value)| match name {
                "StdOut" | "StdErr" => (name.to_owned(), value.replace(&id, "<id>").into()),
                _ => (name.to_owned(), value.into()),
            })
            .collect();
        let mut fields = Value::Object(fields);
        if task != "path" {
            // Where the script lay when it was submitted; its text is compared.
            fields["Command"] = Value::Null;
        }
        let mut meta = job.meta();
        meta["job_id"] = "<id>".into();
        json!({"case": task, "code": "Ok", "meta": meta, "script": script, "job": fields})
    }
}

/// The tasks, held, on one server: what Slurm has of each, and the jobs that there are.
async fn submitted(case: &Case, agent: &mut Agent, requests: &Requests) -> (Transcript, Vec<Job>) {
    let (mut steps, mut jobs) = (Vec::new(), Vec::new());
    for task in [
        "plain",
        "options",
        "nice",
        "number",
        "arguments",
        "brace",
        "path",
        "function",
        "own_script",
    ] {
        let created = agent.create(case.request(requests, task, &[("hold", "")])).await;
        steps.push(case.step(task, &created));
        jobs.extend(created.ok().filter(|job| !job.id().is_empty()));
    }
    (Transcript::new(steps), jobs)
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_flyte_1_are_submitted_as_its_own_connector_does() {
    let Some((case, requests)) = of_flyte_1().await else { return };
    let venv =
        flyte1_tests::flytekit(&target(), "Flyte 1's Slurm connector").expect("it was there");
    let place = case.slurm.place();
    let port = place.iter().find(|(name, _)| name.ends_with("_PORT")).expect("a port").1.clone();
    // Where its users say which port a host has.
    let home = case.slurm.folder().join("official");
    fs::create_dir_all(home.join(".ssh")).expect("a folder");
    let config = format!("Host login\n  HostName 127.0.0.1\n  Port {port}\n");
    fs::write(home.join(".ssh/config"), config).expect("a file");
    let home = home.display().to_string();
    let official = peer::Server::pyflyte_with(&venv, "slurm_tasks", &[("HOME", &home)]);
    let official = official.unwrap_or_else(|error| panic!("{error}"));
    let endpoint = Endpoint::from_shared(format!("http://{}", official.address())).unwrap();
    let mut theirs = Agent(AsyncAgentServiceClient::new(endpoint.connect().await.unwrap()));
    let mut ours = case.agent().await;

    let (of_theirs, their_jobs) = submitted(&case, &mut theirs, &requests).await;
    let (of_ours, our_jobs) = submitted(&case, &mut ours, &requests).await;
    let found = differences(&of_ours, &of_theirs).unwrap_or_else(|error| panic!("{error}"));
    let found = complaints(&found, TABLE);
    assert!(
        found.is_empty(),
        "{} complaints:\n{}\n{}",
        found.len(),
        found.join("\n"),
        official.output()
    );

    assert_eq!((their_jobs.len(), our_jobs.len()), (6, 8));
    for job in &their_jobs {
        assert_eq!(ours.get(job).await.unwrap().phase(), Phase::Queued);
        ours.delete(job).await.expect("cancelled");
        assert_eq!(ours.until(job, Phase::Aborted).await.phase(), Phase::Aborted);
    }
    for job in &our_jobs {
        let unknown = theirs.get(job).await.expect_err("there is no --json");
        assert!(unknown.message().contains("scontrol"), "{unknown}");
        theirs.delete(job).await.expect("cancelled");
        ours.until(job, Phase::Aborted).await;
    }
    assert_eq!(case.slurm.queue(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_flyte_1_run_fail_and_are_cancelled() {
    let Some((mut case, requests)) = of_flyte_1().await else { return };
    let mut agent = case.agent().await;
    for (task, said) in [
        ("plain", "out of nobody"),
        ("options", "\n2"),
        ("number", "is COMPLETED"),
        ("arguments", "one two"),
        ("path", "there one"),
        ("own_script", "runs mine {{.input}}\nended 0"),
    ] {
        let job = agent.create(case.request(&requests, task, &[])).await.expect("a job");
        let told = agent.until(&job, Phase::Succeeded).await;
        assert!(told.message.contains(said), "{task}: {}", told.message);
        assert!(told.outputs.is_none(), "{task}: {told:?}");
        if task == "arguments" {
            // Logs are the same over both Flytes.
            let log = Logged::of_meta(&job.category.name, &job.meta()).log(&case.server).await;
            assert!(log.expect("a log").iter().any(|line| line == "one two"), "{task}");
        }
    }
    let job = agent.create(case.request(&requests, "failing", &[])).await.expect("a job");
    let told = agent.until(&job, Phase::Failed).await.message;
    assert!(told.contains("exit code 3:0") && told.contains("no such file: x"), "{told}");
    let job = agent.create(case.request(&requests, "brace", &[])).await.expect("a job that fails");
    let told = agent.until(&job, Phase::Failed).await.message;
    assert!(told.contains("Write braces of the script twice"), "{told}");

    // An attempt has one job, whoever asks again, and it is cancelled.
    let request = case.request(&requests, "long", &[]);
    let job = agent.create(request.clone()).await.expect("a job");
    agent.until(&job, Phase::Running).await;
    case.server.kill();
    case.server.start_again();
    let mut agent = case.agent().await;
    assert_eq!(agent.create(request).await.expect("a job").meta(), job.meta());
    agent.delete(&job).await.expect("cancelled");
    agent.until(&job, Phase::Aborted).await;
    assert_eq!(case.slurm.queue(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_operators_key_it_is_told_where_it_belongs() {
    let Some((mut case, requests)) = of_flyte_1().await else { return };
    let place = case.slurm.place();
    let place: Vec<_> = place.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    case.server = Server::start(&place);
    let mut agent = case.agent().await;
    let job = agent.create(case.request(&requests, "plain", &[])).await.expect("a job that fails");
    let told = agent.until(&job, Phase::Failed).await.message;
    assert!(told.contains("_FSEC_FLYTE_SLURM_PRIVATE_KEY"), "{told}");
    assert!(told.contains("`client_keys`"), "{told}");
}
