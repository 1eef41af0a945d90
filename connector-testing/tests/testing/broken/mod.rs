//! Every rule can fail: for each there is a connector that breaks it, and one that breaks none.
//! A check that could not fail would tell authors that all is well.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, and so may a bad connector"
)]

mod vendor;

use connector_core::prelude::*;
use connector_core::{RawMeta, literal};
use connector_testing::conformance::{Subject, judge, rules};
use connector_testing::{Task, VendorState};
use vendor::Shelf;

/// What the connector does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Fails,
    ReadsInputsByPosition,
    MakesTwoJobs,
    SendsNoKey,
    SendsTheTime,
    NamesJobsByChance,
    NamesJobsByRun,
    IgnoresDelete,
    CarriesABurden,
    PanicsAtFirst,
    ForgetsAnOutput,
    TakesAnOutageForTheEnd,
    GoesOnAfterTheEnd,
    KeepsJobsInMemory,
    FindsNothing,
    FindsAnything,
    RefusesASecondDelete,
    RefusesToDeleteTheFinished,
    RefusesAnEarlyDelete,
    PanicsAfterDelete,
}

#[derive(Debug, Serialize, Deserialize)]
struct Meta {
    id: String,
    burden: String,
}

#[connector(task_type = "faulty", meta = Meta)]
#[derive(Debug)]
struct Faulty {
    fault: Fault,
    shelf: Shelf,
    here: std::sync::Mutex<Vec<String>>,
}

// The attribute registers what it annotates; the checks make instances of their own.
impl Default for Faulty {
    fn default() -> Self {
        Self::new(Fault::None, Shelf::default())
    }
}

impl Faulty {
    fn new(fault: Fault, shelf: Shelf) -> Self {
        Self { fault, shelf, here: std::sync::Mutex::default() }
    }

    async fn reach(&self) -> Result<()> {
        let (is_out, delay) = {
            let jobs = self.shelf.jobs();
            (jobs.is_out, jobs.delay)
        };
        tokio::time::sleep(delay).await;
        if is_out { Err(ConnectorError::transient("the vendor is out")) } else { Ok(()) }
    }
}

impl AsyncConnector for Faulty {
    async fn create(&self, task: CreateTask<Self>) -> Result<Meta> {
        let first = task.inputs.iter().next().map(|(name, _)| name.to_owned());
        if self.fault == Fault::ReadsInputsByPosition && first.as_deref() != Some("a") {
            return Err(ConnectorError::invalid_task("`a` must come first"));
        }
        let key = task
            .idempotency_key()
            .ok_or_else(|| ConnectorError::permanent("there is no key"))?
            .as_str()
            .to_owned();
        let id = task.execution.and_then(|execution| execution.id).unwrap_or_default();
        let run = id.node_execution_id.and_then(|node| node.execution_id).unwrap_or_default().name;
        let key = match self.fault {
            Fault::NamesJobsByRun => Some(run),
            Fault::SendsNoKey => None,
            Fault::SendsTheTime => Some(format!("{:?}", std::time::Instant::now())),
            _ => Some(key),
        };
        let mut id = self.shelf.make(key.as_deref());
        if self.fault == Fault::MakesTwoJobs {
            self.shelf.make(key.map(|key| key + " again").as_deref());
        }
        if self.fault == Fault::NamesJobsByChance {
            id = format!("{id} {:?}", std::time::Instant::now());
        }
        self.here.lock().unwrap().push(id.clone());
        self.reach().await?;
        let burden = if self.fault == Fault::CarriesABurden { 100_000 } else { 0 };
        Ok(Meta { id, burden: "x".repeat(burden) })
    }

    async fn get(&self, job: &Meta, _cx: &TaskContext<Self>) -> Result<Resource> {
        if let Err(error) = self.reach().await {
            return match self.fault {
                Fault::TakesAnOutageForTheEnd => Ok(Resource::failed(error.message())),
                _ => Err(error),
            };
        }
        let knows = self.here.lock().unwrap().contains(&job.id);
        match self.fault {
            Fault::Fails => return Ok(Resource::failed("it never works")),
            Fault::PanicsAtFirst => panic!("the job is not visible yet"),
            Fault::KeepsJobsInMemory if !knows => {
                return Err(ConnectorError::not_found("no such job here"));
            }
            Fault::GoesOnAfterTheEnd if !knows => return Ok(Resource::running()),
            _ => {}
        }
        match self.shelf.finish(&job.id) {
            Some(VendorState::Cancelled) if self.fault == Fault::PanicsAfterDelete => {
                panic!("the job is gone")
            }
            Some(VendorState::Succeeded) if self.fault == Fault::ForgetsAnOutput => {
                Ok(Resource::succeeded(DynamicOutputs::default()))
            }
            Some(VendorState::Succeeded) => {
                Ok(Resource::succeeded(DynamicOutputs::from_iter([("o", literal::integer(1))])))
            }
            Some(_) => Ok(Resource::failed("it was cancelled")),
            None => Err(ConnectorError::not_found("no such job")),
        }
    }

    async fn find(&self, key: &IdempotencyKey, _cx: &TaskContext<Self>) -> Result<Option<Meta>> {
        let found = match self.fault {
            Fault::FindsNothing => None,
            Fault::FindsAnything => self.shelf.find(None),
            _ => self.shelf.find(Some(key.as_str())),
        };
        Ok(found.map(|id| Meta { id, burden: String::new() }))
    }

    async fn delete(&self, job: &Meta, _cx: &TaskContext<Self>) -> Result<()> {
        if self.fault == Fault::IgnoresDelete {
            return Ok(());
        }
        let refuse = |refused: bool| match refused {
            true => Err(ConnectorError::permanent("409 conflict")),
            false => Ok(()),
        };
        match self.shelf.cancel(&job.id) {
            Some(VendorState::Live) => {
                let early = self.fault == Fault::RefusesAnEarlyDelete;
                refuse(early)
            }
            Some(VendorState::Cancelled) => refuse(self.fault == Fault::RefusesASecondDelete),
            Some(_) => refuse(self.fault == Fault::RefusesToDeleteTheFinished),
            None => Ok(()),
        }
    }
}

fn subject(fault: Fault) -> Subject {
    let shelf = Shelf::default();
    let task = Task::new("faulty")
        .input("a", literal::integer(1))
        .input("b", literal::integer(2))
        .output("o");
    let made = shelf.clone();
    Subject::new(move || Faulty::new(fault, made.clone())).task(task).vendor(shelf)
}

#[test]
fn a_good_connector_breaks_no_rule_and_every_rule_is_judged() {
    for rule in rules().into_iter().filter(|rule| *rule != OF_SYNC) {
        assert_eq!(judge(rule, &subject(Fault::None)), Ok(None), "{rule}");
    }
    let lacking = judge(OF_SYNC, &subject(Fault::None)).unwrap();
    assert_eq!(lacking.as_deref(), Some("its tasks are jobs"));
}

#[test]
fn every_rule_can_be_broken() {
    let broken = [
        ("a_task_runs_to_its_end", Fault::Fails),
        ("inputs_come_in_any_order", Fault::ReadsInputsByPosition),
        ("a_repeated_create_is_one_job", Fault::MakesTwoJobs),
        ("concurrent_creates_are_one_job", Fault::MakesTwoJobs),
        ("concurrent_creates_are_one_job", Fault::SendsNoKey),
        ("concurrent_creates_are_one_job", Fault::SendsTheTime),
        ("a_create_repeated_to_another_server_is_one_job", Fault::SendsNoKey),
        ("a_create_repeated_to_another_server_is_one_job", Fault::SendsTheTime),
        ("a_create_repeated_to_another_server_is_one_job", Fault::NamesJobsByChance),
        ("a_job_is_found_by_its_key", Fault::FindsNothing),
        ("a_job_is_found_by_its_key", Fault::FindsAnything),
        ("a_job_is_found_by_its_key", Fault::SendsNoKey),
        ("a_new_attempt_is_a_new_job", Fault::NamesJobsByRun),
        ("an_abandoned_create_leaves_no_job", Fault::IgnoresDelete),
        ("metadata_is_small", Fault::CarriesABurden),
        ("the_first_poll_is_answered", Fault::PanicsAtFirst),
        ("outputs_are_those_declared", Fault::ForgetsAnOutput),
        ("an_outage_is_not_the_end", Fault::TakesAnOutageForTheEnd),
        ("a_finished_job_stays_finished", Fault::GoesOnAfterTheEnd),
        ("metadata_is_all_another_server_needs", Fault::KeepsJobsInMemory),
        ("a_job_can_be_deleted_before_any_poll", Fault::RefusesAnEarlyDelete),
        ("a_delete_can_be_repeated", Fault::RefusesASecondDelete),
        ("a_finished_job_can_be_deleted", Fault::RefusesToDeleteTheFinished),
        ("a_deleted_job_is_still_answered", Fault::PanicsAfterDelete),
    ];
    for (rule, fault) in broken {
        let violation = judge(rule, &subject(fault)).expect_err(rule);
        assert_eq!(violation.rule, rule);
        let text = violation.to_string();
        assert!(text.contains("seen: ") && text.contains("help: "), "{text}");
    }
    let by_another = ["unreadable_metadata_is_an_answer", OF_SYNC];
    for rule in rules() {
        let is_broken = broken.iter().any(|(broken, _)| *broken == rule);
        assert!(is_broken || by_another.contains(&rule), "nothing breaks `{rule}`");
    }
}

/// A connector that reads its metadata by itself, and badly.
#[connector(task_type = "careless", meta = RawMeta)]
#[derive(Debug, Default)]
struct Careless;

impl AsyncConnector for Careless {
    async fn create(&self, _task: CreateTask<Self>) -> Result<RawMeta> {
        Ok(RawMeta(vec![b'j'].into()))
    }

    async fn get(&self, job: &RawMeta, _cx: &TaskContext<Self>) -> Result<Resource> {
        assert_eq!(job.0.first(), Some(&b'j'), "a job begins with j");
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &RawMeta, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_connector_that_chokes_on_metadata_is_found() {
    let rule = "unreadable_metadata_is_an_answer";
    let violation = judge(rule, &Subject::of::<Careless>()).expect_err(rule);
    assert!(violation.seen.contains("panic"), "{violation}");
}

#[test]
fn an_exception_must_name_a_rule() {
    let subject = subject(Fault::Fails).except("a_task_runs_to_its_end", "it never does");
    assert_eq!(judge("a_task_runs_to_its_end", &subject), Ok(Some("it never does".to_owned())));
    let subject = subject.except("a_task_runs_two_its_end", "a slip");
    let violation = judge("a_task_runs_to_its_end", &subject).expect_err("a slip");
    assert!(violation.advice.contains("a_task_runs_to_its_end"), "{violation}");
}

const OF_SYNC: &str = "a_task_can_be_run_again";

/// How often tasks were run.
static RUN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// A connector whose tasks are done within one call, and fail from that run on.
#[connector(task_type = "once", sync)]
#[derive(Debug, Default)]
struct Once;

impl SyncConnector for Once {
    async fn run(&self, _task: CreateTask<Self>) -> Result<Resource> {
        match RUN.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Ok(Resource::succeeded(DynamicOutputs::default())),
            _ => Err(ConnectorError::permanent("it was done already")),
        }
    }
}

/// One whose tasks do not end.
#[connector(task_type = "endless", sync)]
#[derive(Debug, Default)]
struct Endless;

impl SyncConnector for Endless {
    async fn run(&self, _task: CreateTask<Self>) -> Result<Resource> {
        Ok(Resource::running())
    }
}

#[test]
fn a_sync_task_that_runs_only_once_or_never_ends_is_found() {
    let violation = judge(OF_SYNC, &Subject::of_sync::<Once>()).expect_err(OF_SYNC);
    assert!(violation.seen.contains("second of two runs"), "{violation}");
    assert!(violation.seen.contains("it was done already"), "{violation}");
    let violation = judge(OF_SYNC, &Subject::of_sync::<Endless>()).expect_err(OF_SYNC);
    assert!(violation.seen.contains("RUNNING"), "{violation}");
}
