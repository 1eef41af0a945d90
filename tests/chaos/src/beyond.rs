//! What no server could have known, and which kill is to blame for it: it takes a memory that outlives the
//! process. `outcome` takes it out of what the server is to answer for, and lists it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use connector_testing::{Created, TaskRecord};

use crate::lives::{Kill, Lives};
use crate::message::JobState;
use crate::vendor::Entry;

/// How long a worker may outlive its server.
const OUTLIVES: Duration = Duration::from_secs(5);

/// What only a durable store could have saved.
#[derive(Debug, Default)]
pub(crate) struct Beyond<'a> {
    pub(crate) jobs: BTreeSet<&'a str>,
    pub(crate) duplicated: usize,
    pub(crate) orphaned: usize,
    /// Which kill each of them comes from, in words.
    pub(crate) explained: Vec<String>,
    /// Those that come from no kill.
    pub(crate) unexplained: Vec<String>,
    /// Those that were made, or doubled, while the database was away, so that every server was on its own.
    pub(crate) in_outages: Vec<String>,
}

impl<'a> Beyond<'a> {
    pub(crate) fn of(
        entries: &'a [Entry],
        records: &[TaskRecord],
        lives: &Lives,
        began: Instant,
    ) -> Self {
        let mut beyond = Self::default();
        let held = held(records);
        let kills = Kills { lives, held: &held };
        let mut of_key: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            of_key.entry(&entry.key).or_default().push(entry);
        }
        // Those that a kill must have left behind.
        let mut left = BTreeSet::new();
        // Without keys at the vendor, a create repeated to another process finds nothing.
        for jobs in of_key.values().filter(|jobs| jobs.len() > 1) {
            let beside = jobs.iter().flat_map(|job| {
                let earlier = jobs.iter().filter(|other| job.beside.contains(&other.id));
                earlier.map(move |earlier| (*earlier, *job))
            });
            let doubled: Vec<_> = beside.collect();
            let told_apart = doubled.iter().all(|(earlier, job)| {
                earlier.by.server != job.by.server || kills.of_worker(earlier).is_some()
            });
            if !doubled.is_empty() && told_apart && jobs.iter().all(|job| !job.job.keyed) {
                beyond.duplicated += 1;
                beyond.jobs.extend(jobs.iter().map(|job| job.id.as_str()));
                left.extend(doubled.iter().map(|(earlier, _)| earlier.id.as_str()));
            }
        }
        // A process that ends in good order takes care of every job whose creator had left. But a
        // creator that died with the answer in its hands looks like one that has it, and if it
        // comes back, it comes to another process.
        let entry = |id: &str| entries.iter().find(|entry| entry.id == id);
        beyond.jobs.retain(|id| {
            let lives_on = entry(id).filter(|entry| entry.state == JobState::Running);
            lives_on.is_none_or(|job| held.contains_key(*id) || kills.of_worker(job).is_some())
        });
        let forgotten = entries.iter().filter(|entry| {
            let elsewhere = entries
                .iter()
                .any(|other| other.run == entry.run && other.by.server != entry.by.server);
            let dropped = held.get(&entry.id) == Some(&false) && elsewhere;
            // A process that is killed takes along what it knew. What a worker was told and could not tell,
            // is found again by its key.
            let taken_along = kills.of_server(entry).is_some()
                || !entry.job.keyed && kills.of_worker(entry).is_some();
            entry.state == JobState::Running && (dropped || taken_along)
        });
        for entry in forgotten {
            beyond.jobs.insert(&entry.id);
            left.insert(&entry.id);
        }
        let orphaned = entries.iter().filter(|entry| {
            entry.state == JobState::Running && beyond.jobs.contains(entry.id.as_str())
        });
        beyond.orphaned = orphaned.count();
        // Of a job that was doubled the double counts, too: it is made by a server that could not ask.
        let alone = |job: &Entry| {
            let doubles = entries.iter().filter(|other| other.beside.contains(&job.id));
            std::iter::once(job).chain(doubles).any(|job| lives.was_away(job.made))
        };
        for job in left.iter().filter(|id| beyond.jobs.contains(*id)).filter_map(|id| entry(id)) {
            let others = entries.iter().filter(|other| other.run == job.run && other.id != job.id);
            let others: Vec<&str> = others.map(|other| other.id.as_str()).collect();
            let told = kills.told(job, &others, began);
            match kills.of(job) {
                _ if alone(job) => beyond.in_outages.push(told),
                Some(_) => beyond.explained.push(told),
                None => beyond.unexplained.push(told),
            }
        }
        beyond
    }
}

/// The jobs that the executor was told of, and whether it wrote them down.
fn held(records: &[TaskRecord]) -> BTreeMap<String, bool> {
    let id = |resource_meta: &[u8]| {
        let meta: serde_json::Value = serde_json::from_slice(resource_meta).ok()?;
        Some(meta.get("job_id")?.as_str()?.to_owned())
    };
    let mut held = BTreeMap::new();
    for attempt in records.iter().flat_map(|record| &record.attempts) {
        for created in &attempt.creates {
            if let Created::Answered(resource_meta) = created
                && let Some(id) = id(resource_meta)
            {
                let stored = attempt.resource_meta.as_ref() == Some(resource_meta);
                *held.entry(id).or_default() |= stored;
            }
        }
    }
    held
}

/// The kills of a run, as what befell jobs.
struct Kills<'a> {
    lives: &'a Lives,
    held: &'a BTreeMap<String, bool>,
}

impl<'a> Kills<'a> {
    /// The kill that is to blame. A job with a key is found again when its worker is killed, for as long as the
    /// server lives that remembers its create.
    fn of(&self, job: &Entry) -> Option<&'a Kill> {
        let of_worker = self.of_worker(job).filter(|_| !job.job.keyed);
        of_worker.or_else(|| self.of_server(job))
    }

    /// The kill of the server in whose life a job was made, with all that it knew.
    fn of_server(&self, job: &Entry) -> Option<&'a Kill> {
        let mut kills = self.lives.killed.iter();
        kills.find(|kill| kill.process == job.by.server && job.made < kill.at + OUTLIVES)
    }

    /// The kill of the worker that made a job before it had told anybody of it.
    fn of_worker(&self, job: &Entry) -> Option<&'a Kill> {
        let mut kills = self.lives.workers_killed.iter();
        kills
            .find(|kill| kill.process == job.by.process && job.made <= kill.at)
            .filter(|_| !self.held.contains_key(&job.id))
    }

    /// What became of a job, in words.
    fn told(&self, job: &Entry, others: &[&str], began: Instant) -> String {
        let Entry { id, run, by, .. } = job;
        let made = job.made.duration_since(began).as_secs_f64();
        let keys = if job.job.keyed { "with a key" } else { "without a key" };
        let known = match self.held.get(id) {
            None => "nobody was told of it",
            Some(false) => "the executor was told of it and lost it",
            Some(true) => "the executor had it",
        };
        let kill = match self.of(job) {
            Some(kill) => {
                let who = if kill.process == by.server { "server" } else { "worker" };
                let after = kill.at.duration_since(began).as_secs_f64() - made;
                format!("{who} {} killed {:+.0} ms after that", kill.process, after * 1_000.0)
            }
            None => "no kill".to_owned(),
        };
        let others = match others {
            [] => "the run has no other job".to_owned(),
            others => format!("the run's other jobs: {}", others.join(", ")),
        };
        format!(
            "{id} of {run}, {keys}, {:?}, made at {made:.3} s by {} of server {}: {kill}; {known}; {others}",
            job.state, by.process, by.server
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lives::Outage;
    use crate::message::{Asker, JobEnd, JobSpec};
    use crate::vendor::Ledger;

    const SERVER: u32 = 1;

    fn made(ledger: &mut Ledger, process: u32) -> String {
        let job = JobSpec { keyed: false, slow: false, polls: 1, ends: vec![JobEnd::Succeeded] };
        let by = Asker { process, server: SERVER };
        ledger.create("attempt".to_owned(), "run".to_owned(), job, by)
    }

    /// What is found when `killed` ended after all that the ledger holds.
    fn found(ledger: &Ledger, killed: u32) -> (usize, Vec<String>, Vec<String>) {
        let entries: Vec<Entry> = ledger.entries().cloned().collect();
        let kill = Kill { process: killed, at: Instant::now() };
        let lives = Lives { workers_killed: vec![kill], ..Lives::default() };
        let beyond = Beyond::of(&entries, &[], &lives, Instant::now());
        (beyond.duplicated, beyond.explained, beyond.unexplained)
    }

    #[test]
    fn a_worker_killed_after_an_earlier_job_was_cancelled_explains_the_second() {
        let mut ledger = Ledger::default();
        let (lives_on, killed) = (2, 3);
        let first = made(&mut ledger, lives_on);
        ledger.cancel(&first);
        made(&mut ledger, killed);
        made(&mut ledger, lives_on);
        let (duplicated, explained, unexplained) = found(&ledger, killed);
        assert_eq!((duplicated, explained.len()), (1, 1), "{explained:?}");
        assert!(unexplained.is_empty(), "{unexplained:?}");
    }

    #[test]
    fn what_was_doubled_while_the_database_was_away_is_told_apart() {
        let mut ledger = Ledger::default();
        let job = JobSpec { keyed: false, slow: false, polls: 1, ends: vec![JobEnd::Succeeded] };
        for server in [1, 2] {
            let by = Asker { process: server, server };
            ledger.create("attempt".to_owned(), "run".to_owned(), job.clone(), by);
        }
        // Both have ended: nobody is to blame for one that lives on.
        for id in ["j-0", "j-1", "j-0", "j-1"] {
            ledger.status(id);
        }
        let entries: Vec<Entry> = ledger.entries().cloned().collect();
        let (first, double) = (entries.first().unwrap().made, entries.last().unwrap().made);
        let second = Duration::from_secs(1);
        for (from, is_away) in [(double, true), (first - second, false), (double + second, false)] {
            // Of the three the middle one is over when the first job is made.
            let until = if from < first { from } else { from + second };
            let lives = Lives { outages: vec![Outage { from, until }], ..Lives::default() };
            let beyond = Beyond::of(&entries, &[], &lives, Instant::now());
            let told = (beyond.in_outages.len(), beyond.unexplained.len());
            assert_eq!(told, if is_away { (1, 0) } else { (0, 1) });
        }
    }

    #[test]
    fn a_kill_does_not_explain_what_another_worker_doubled() {
        let mut ledger = Ledger::default();
        let (lives_on, killed) = (2, 3);
        made(&mut ledger, lives_on);
        made(&mut ledger, killed);
        made(&mut ledger, lives_on);
        assert_eq!(found(&ledger, killed).0, 0);
    }
}
