//! The official Python connectors, unchanged, as worker processes of ours: several of each, started
//! again when they die, replaced when their event loop stays blocked, and gone when we are.
//! `behind` opens them; calls reach them as they reach every other service (`upstream`).

mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use process::{NotStarted, Recipe, Worker};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::upstream::{Address, Member, Pool};

/// The wait before a worker that died is started again; it doubles with every one that dies young.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_AT_MOST: Duration = Duration::from_secs(60);
/// A worker that lived that long did not die young.
const GROWN_UP: Duration = Duration::from_secs(60);
/// How long an event loop may be blocked before its process is replaced.
const BLOCKED: Duration = Duration::from_secs(60);
/// How long calls of a process that is replaced may go on.
const LAST_CALLS: Duration = Duration::from_secs(60);
/// How long is waited at the end until all processes are gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// How often a blocked process is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What the workers are to serve.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The interpreter.
    pub(crate) python: PathBuf,
    /// Modules to import, beside what is installed as a plug-in.
    pub(crate) modules: Vec<String>,
    /// How many processes.
    pub(crate) count: usize,
}

/// Running workers. Dropped, all of them end at once.
#[derive(Debug)]
pub(crate) struct Workers {
    pool: Arc<Pool>,
    kept: JoinSet<()>,
    /// Tells those who keep them that it is over.
    over: watch::Sender<bool>,
    /// Here and not with those who keep workers: at the end of the process nobody waits for these.
    _folder: tempfile::TempDir,
    /// Modules that could not be imported, and what Python said.
    failed: BTreeMap<String, String>,
    /// Why none of them serves, if none does. They are started again and again all the same.
    none: Option<String>,
}

impl Workers {
    /// Starts them, and waits until each of them serves or has failed once.
    ///
    /// # Errors
    /// There is no place for them, or no such Python.
    pub(crate) async fn start(wanted: Wanted) -> Result<Self, String> {
        let Wanted { python, modules, count } = wanted;
        let name = format!("Python ({})", python.display());
        let pool = Pool::new(name);
        let (recipe, folder) = Recipe::new(python, modules)
            .map_err(|error| format!("there is no folder for the workers: {error}"))?;
        let recipe = Arc::new(recipe);
        let (tell, mut told) = mpsc::channel(count);
        let mut kept = JoinSet::new();
        let over = watch::Sender::new(false);
        let imported = watch::Sender::new(BTreeSet::new());
        for number in 1..=count {
            let (recipe, pool) = (Arc::clone(&recipe), Arc::clone(&pool));
            let (over, imported) = (over.subscribe(), imported.clone());
            kept.spawn(Seat { number, recipe, pool, over, imported }.keep(tell.clone()));
        }
        drop(tell);
        let (mut failed, mut reasons, mut is_any) = (BTreeMap::new(), Vec::new(), false);
        while let Some(first) = told.recv().await {
            match first {
                Ok(modules) => {
                    failed.extend(modules);
                    is_any = true;
                }
                Err(NotStarted { why, is_for_good: true }) => return Err(why),
                Err(NotStarted { why, .. }) => reasons.push(why),
            }
        }
        // What another process has is served.
        failed.retain(|module, _| !imported.borrow().contains(module));
        let mut none = None;
        if is_any {
            reasons.iter().for_each(|why| tracing::error!("{why}\nit is started again"));
        } else {
            none = reasons.into_iter().next();
        }
        Ok(Self { pool, kept, over, _folder: folder, failed, none })
    }

    /// Ends all of them, and waits until they are gone, so that whoever waits for the end of this process
    /// finds none of them.
    pub(crate) async fn end(mut self) {
        self.over.send_replace(true);
        let gone = async { while self.kept.join_next().await.is_some() {} };
        timeout(GONE_WITHIN, gone).await.ok();
    }

    pub(crate) const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub(crate) const fn failed(&self) -> &BTreeMap<String, String> {
        &self.failed
    }

    /// Why none of them serves yet, if none does.
    pub(crate) fn none(&self) -> Option<&str> {
        self.none.as_deref()
    }
}

/// How the first start of a seat's worker went.
type First = Result<BTreeMap<String, String>, NotStarted>;

/// The place of one worker, which is filled again and again.
struct Seat {
    number: usize,
    recipe: Arc<Recipe>,
    pool: Arc<Pool>,
    over: watch::Receiver<bool>,
    /// The modules that any of the processes has imported. All of them answer for all of it.
    imported: watch::Sender<BTreeSet<String>>,
}

/// Why a worker serves no more.
enum End {
    /// Its process has ended.
    Gone(Option<ExitStatus>),
    /// Its event loop is blocked for good.
    Blocked,
    /// It has not what another one has.
    Lacks(String),
}

impl Seat {
    /// Keeps a worker running for as long as it is polled and it is not over.
    async fn keep(mut self, first: mpsc::Sender<First>) {
        let mut first = Some(first);
        let mut wait = AGAIN;
        for turn in 1_u64.. {
            let name = format!("{}-{turn}", self.number);
            let born = Instant::now();
            let started = tokio::select! {
                started = self.recipe.start(&name) => started,
                () = is_over(&mut self.over) => return,
            };
            match started {
                Ok(worker) => self.serve(worker, &name, first.take()).await,
                Err(not) => match first.take() {
                    Some(first) => drop(first.send(Err(not)).await),
                    None => tracing::error!(worker = name, "{}\nit is started again", not.why),
                },
            }
            wait = if born.elapsed() > GROWN_UP { AGAIN } else { (wait * 2).min(AGAIN_AT_MOST) };
            tokio::select! {
                () = sleep(wait / 2) => {}
                () = is_over(&mut self.over) => return,
            }
        }
    }

    /// Lets a worker serve until it ends, or is blocked for too long. Tells once it can be asked.
    async fn serve(&mut self, mut worker: Worker, name: &str, first: Option<mpsc::Sender<First>>) {
        let channel = match Address::Unix(worker.socket.clone()).channel() {
            Ok(channel) => channel,
            Err(error) => {
                tracing::error!(worker = name, "cannot be reached: {error}");
                return;
            }
        };
        let member = Member::new(channel);
        let failed = std::mem::take(&mut worker.failed);
        let modules = self.recipe.modules.iter().filter(|it| !failed.contains_key(*it));
        self.imported.send_modify(|known| known.extend(modules.cloned()));
        let mut imported = self.imported.subscribe();
        if lacking(&imported.borrow(), &failed).is_none() {
            self.pool.add(Arc::clone(&member));
            tracing::info!(worker = name, "serves");
        }
        let watched = member.watched();
        if let Some(first) = first {
            first.send(Ok(failed.clone())).await.ok();
        }
        let end = tokio::select! {
            told = lacks(&mut imported, &failed) => End::Lacks(told),
            status = worker.ended() => End::Gone(status),
            () = blocked_for_good(&member) => End::Blocked,
            () = is_over(&mut self.over) => return worker.end().await,
        };
        // Before anything else: calls go to whoever is least busy, and that would be this one.
        self.pool.remove(&member);
        watched.abort();
        match end {
            End::Gone(status) => {
                let said = worker.last_words().await;
                let status = status.map_or_else(|| "it is gone".to_owned(), |it| it.to_string());
                tracing::error!(
                    worker = name,
                    "ended ({status}) and is started again; it said:\n{said}"
                );
            }
            End::Blocked => {
                tracing::error!(
                    worker = name,
                    "its event loop is blocked for {BLOCKED:?}; another \
                    one takes its place once its calls have had their time"
                );
                tokio::spawn(leave(worker, member));
            }
            End::Lacks(told) => {
                tracing::error!(
                    worker = name,
                    "is started again, as another worker has what this one has not: {told}\n\
                     a module that only one process at a time can import needs --python-workers 1"
                );
                tokio::spawn(leave(worker, member));
            }
        }
    }
}

/// A module that is missing here and was imported elsewhere, and what Python said.
fn lacking(imported: &BTreeSet<String>, failed: &BTreeMap<String, String>) -> Option<String> {
    let mut lacking = failed.iter().filter(|(module, _)| imported.contains(*module));
    lacking.next().map(|(module, said)| format!("{module} (--modules): {said}"))
}

/// Completes when there is one: calls for its connectors would be refused by this process alone.
async fn lacks(
    imported: &mut watch::Receiver<BTreeSet<String>>,
    failed: &BTreeMap<String, String>,
) -> String {
    loop {
        if let Some(told) = lacking(&imported.borrow_and_update(), failed) {
            return told;
        }
        // The seat that asks has a sender.
        imported.changed().await.ok();
    }
}

/// Completes when it is over, or when nobody is left to say so.
async fn is_over(over: &mut watch::Receiver<bool>) {
    over.wait_for(|over| *over).await.ok();
}

/// Completes when a worker has answered nobody for too long.
async fn blocked_for_good(member: &Member) {
    loop {
        member.is_blocked().await;
        match member.blocked_since() {
            Some(since) if since.elapsed() >= BLOCKED => return,
            _ => sleep(LOOK).await,
        }
    }
}

/// Lets the calls of a worker end, for a while.
async fn leave(mut worker: Worker, member: Arc<Member>) {
    let until = Instant::now() + LAST_CALLS;
    while member.in_flight() > 0 && Instant::now() < until {
        sleep(LOOK).await;
    }
    worker.end().await;
}
