//! An outside system in memory, with its connector: a test steers it and waits for what reaches it.
//! A test makes one and hands it to its server; jobs, counts and answers are that test's own.
//! Nothing here looks at a clock: what waits is let go by the test.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use connector_core::prelude::*;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a test waits for what should come at once; only a failing one ever waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What has reached the vendor.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Calls of create that came in.
    pub creates: usize,
    /// Jobs that were made.
    pub jobs: usize,
    /// Calls of get that came in.
    pub gets: usize,
    /// Calls of delete that came in.
    pub deletes: usize,
    /// Threads that have been blocked.
    pub blocked: usize,
}

/// What the vendor does when it is asked about a job.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It says that.
    Says(Resource),
    /// It is out of order for the moment.
    Transient,
    /// The connector panics.
    Panics,
    /// No answer comes.
    Hangs,
    /// The connector blocks its thread until the test lets it go, and then says RUNNING.
    Blocks,
}

/// The connector; every clone is of the same outside system.
#[connector(task_type = "vendor", name = "Vendor")]
#[derive(Debug, Default, Clone)]
pub struct Vendor {
    site: Arc<Site>,
}

#[derive(Debug, Default)]
struct Site {
    counts: watch::Sender<Counts>,
    creates_held: watch::Sender<bool>,
    gets_held: watch::Sender<bool>,
    answers: Mutex<VecDeque<Answer>>,
    let_go: Mutex<bool>,
    going: Condvar,
}

impl Vendor {
    /// Lets creates come in and none of them finish.
    pub fn hold_creates(&self) {
        self.site.creates_held.send_replace(true);
    }

    /// Lets them finish.
    pub fn let_creates_finish(&self) {
        self.site.creates_held.send_replace(false);
    }

    /// Lets gets come in and none of them be answered.
    pub fn hold_gets(&self) {
        self.site.gets_held.send_replace(true);
    }

    /// Lets them be answered.
    pub fn let_gets_finish(&self) {
        self.site.gets_held.send_replace(false);
    }

    /// What it answers, one after the other; the last one again and again.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.site.answers.lock().expect("no panic") = answers.into_iter().collect();
    }

    /// Lets blocked threads go on, now and from now on.
    pub fn let_go(&self) {
        *self.site.let_go.lock().expect("no panic") = true;
        self.site.going.notify_all();
    }

    /// What has reached it so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.site.counts.borrow()
    }

    /// Waits until that holds of what has reached it.
    pub async fn until(&self, holds: impl Fn(&Counts) -> bool) -> Counts {
        let mut counts = self.site.counts.subscribe();
        let waited = timeout(PATIENCE, counts.wait_for(|counts| holds(counts))).await;
        *waited.unwrap_or_else(|_| panic!("it stayed at {:?}", self.counts())).expect("it lives")
    }

    fn count(&self, add: impl FnOnce(&mut Counts)) {
        self.site.counts.send_modify(add);
    }

    fn next_answer(&self) -> Answer {
        let mut answers = self.site.answers.lock().expect("no panic");
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.unwrap_or(Answer::Says(Resource::running()))
    }

    fn block(&self) {
        self.count(|counts| counts.blocked += 1);
        let held = self.site.let_go.lock().expect("no panic");
        drop(self.site.going.wait_while(held, |let_go| !*let_go).expect("no panic"));
    }
}

impl AsyncConnector for Vendor {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        let padding = task.config.string("padding")?.unwrap_or_default();
        self.count(|counts| counts.creates += 1);
        let mut held = self.site.creates_held.subscribe();
        held.wait_for(|held| !held).await.expect("it lives");
        self.count(|counts| counts.jobs += 1);
        Ok(JobId::new(format!("v-{}{padding}", self.counts().jobs)))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        let answer = self.next_answer();
        self.count(|counts| counts.gets += 1);
        let mut held = self.site.gets_held.subscribe();
        held.wait_for(|held| !held).await.expect("it lives");
        match answer {
            Answer::Says(resource) => Ok(resource),
            Answer::Transient => Err(ConnectorError::transient("503")),
            Answer::Panics => panic!("the vendor was told to"),
            Answer::Hangs => std::future::pending().await,
            Answer::Blocks => {
                self.block();
                Ok(Resource::running())
            }
        }
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        self.count(|counts| counts.deletes += 1);
        Ok(())
    }

    /// Two pages; the thread that makes the second one is blocked until the test lets it go.
    async fn get_logs(&self, _job: &JobId, _query: LogQuery, _cx: &CallContext) -> Result<Logs> {
        let vendor = self.clone();
        let pages = stream::iter(["one", "two"]).map(move |text| {
            if text == "two" {
                vendor.block();
            }
            Ok(LogPage::new([LogLine::user(SystemTime::UNIX_EPOCH, text)]))
        });
        Ok(Logs::stream(pages))
    }
}
