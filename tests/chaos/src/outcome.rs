//! What is left of a run: tasks beside jobs, and what must have held.
//! It tells apart what the server had in its hands and what only a durable store could have known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use connector_core::pb;
use connector_testing::{Created, End, FakeExecutor, Report, TaskRecord};

use crate::message::{JobEnd, JobState};
use crate::plan::Plan;
use crate::vendor::{Entry, Snapshot, seen};

/// The servers that served a run, by process id.
#[derive(Debug, Default)]
pub struct Lives {
    /// Those that were asked to end, and how they did.
    pub terminated: Vec<(u32, ExitStatus)>,
    /// Those that were killed.
    pub killed: Vec<u32>,
}

/// What is left of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What the run was like, in words.
    storm: String,
    /// What the server is to answer for.
    pub report: Report,
    /// Tasks that ended otherwise than they should have, in words.
    pub wrong_ends: Vec<String>,
    /// Duplicates that nobody could have seen without a memory that survives the process.
    pub beyond_one_life_duplicated: usize,
    /// Orphans of that kind.
    pub beyond_one_life_orphaned: usize,
    /// The servers.
    pub lives: Lives,
    /// Why polls and creates failed, the most frequent reasons first.
    reasons: Vec<(usize, String)>,
    /// Where orphans and duplicates come from.
    stories: Vec<String>,
    jobs_made: usize,
    took: Duration,
}

impl Outcome {
    pub(crate) async fn new(
        storm: String,
        plans: Vec<Plan>,
        executor: &FakeExecutor,
        entries: Vec<Entry>,
        lives: Lives,
        took: Duration,
    ) -> Self {
        let records = executor.records();
        let beyond = Beyond::of(&entries, &records, &lives);
        // The judge does not see those that live on, and sees the rest as single jobs.
        let jobs = entries.iter().filter_map(|entry| {
            let mut job = seen(entry);
            if beyond.jobs.contains(entry.id.as_str()) {
                job.key = None;
                if entry.state == JobState::Running {
                    return None;
                }
            }
            Some(job)
        });
        let report = executor.report_with(&Snapshot(jobs.collect())).await;
        let wrong_ends = wrong_ends(&plans, &records, &entries);
        let stories = stories(&plans, &records, &entries, &beyond);
        Self {
            storm,
            report,
            wrong_ends,
            beyond_one_life_duplicated: beyond.duplicated,
            beyond_one_life_orphaned: beyond.orphaned,
            reasons: reasons(&records),
            stories,
            lives,
            jobs_made: entries.len(),
            took,
        }
    }

    /// Servers that were asked to end and did not end well.
    #[must_use]
    pub fn bad_ends_of_servers(&self) -> usize {
        self.lives.terminated.iter().filter(|(_, status)| !status.success()).count()
    }
}

/// What no server could have known: it takes a memory that outlives the process.
#[derive(Debug, Default)]
struct Beyond<'a> {
    jobs: BTreeSet<&'a str>,
    duplicated: usize,
    orphaned: usize,
}

impl<'a> Beyond<'a> {
    fn of(entries: &'a [Entry], records: &[TaskRecord], lives: &Lives) -> Self {
        let mut beyond = Self::default();
        let mut of_key: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            of_key.entry(&entry.key).or_default().push(entry);
        }
        // Without keys at the vendor, a create repeated to another process finds nothing.
        for jobs in of_key.values().filter(|jobs| jobs.len() > 1) {
            let doubled = jobs.iter().skip(1).any(|job| !job.is_replacement);
            let servers: BTreeSet<u32> = jobs.iter().map(|job| job.server).collect();
            if doubled && servers.len() == jobs.len() && jobs.iter().all(|job| !job.job.keyed) {
                beyond.duplicated += 1;
                beyond.jobs.extend(jobs.iter().map(|job| job.id.as_str()));
            }
        }
        // A process that ends in good order takes care of every job whose creator had left. But a
        // creator that died with the answer in its hands looks like one that has it, and if it
        // comes back, it comes to another process.
        let held = held(records);
        beyond.jobs.retain(|id| {
            let entry = entries.iter().find(|entry| entry.id == *id);
            let lives_on = entry.is_some_and(|entry| entry.state == JobState::Running);
            !lives_on || held.contains_key(*id)
        });
        beyond.jobs.extend(entries.iter().filter_map(|entry| {
            let elsewhere =
                entries.iter().any(|other| other.run == entry.run && other.server != entry.server);
            let dropped = held.get(&entry.id) == Some(&false);
            (entry.state == JobState::Running && dropped && elsewhere).then_some(entry.id.as_str())
        }));
        // A process that is killed takes along what it knew.
        let killed = entries.iter().filter(|entry| lives.killed.contains(&entry.server));
        let forgotten = killed.filter(|entry| entry.state == JobState::Running);
        beyond.jobs.extend(forgotten.map(|entry| entry.id.as_str()));
        let orphaned = entries.iter().filter(|entry| {
            entry.state == JobState::Running && beyond.jobs.contains(entry.id.as_str())
        });
        beyond.orphaned = orphaned.count();
        beyond
    }
}

/// Why polls and creates failed, the most frequent reasons first.
fn reasons(records: &[TaskRecord]) -> Vec<(usize, String)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in records.iter().flat_map(|record| &record.attempts) {
        let creates = attempt.creates.iter().filter_map(|created| match created {
            Created::Failed(why) => Some(format!("create: {why}")),
            Created::Answered(_) | Created::Left => None,
        });
        let polls = attempt.failed_polls.iter().map(|why| format!("poll: {why}"));
        for reason in creates.chain(polls) {
            *counts.entry(reason).or_default() += 1;
        }
    }
    let mut reasons: Vec<_> = counts.into_iter().map(|(why, count)| (count, why)).collect();
    reasons.sort_by(|one, other| other.cmp(one));
    reasons
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

/// Every job that is to blame for an orphan or a duplicate, with the creates of its run.
fn stories(
    plans: &[Plan],
    records: &[TaskRecord],
    entries: &[Entry],
    beyond: &Beyond<'_>,
) -> Vec<String> {
    let told = entries.iter().enumerate().filter(|(at, entry)| {
        let doubles = !entry.is_replacement
            && entries.iter().take(*at).any(|earlier| earlier.key == entry.key);
        (entry.state == JobState::Running || doubles) && !beyond.jobs.contains(entry.id.as_str())
    });
    told.map(|(_, entry)| {
        let mut story = format!("job {} of {} by server {}", entry.id, entry.run, entry.server);
        let same = entries.iter().filter(|other| other.run == entry.run);
        let jobs: Vec<String> = same
            .map(|other| format!("{} {:?} by {}", other.id, other.state, other.server))
            .collect();
        story.push_str(&format!("; the run's jobs: {}", jobs.join(", ")));
        if let Some(plan) = plans.iter().find(|plan| plan.run == entry.run) {
            story.push_str(&format!("; keyed {}; {:?}", entry.job.keyed, plan.trouble));
        }
        if let Some(record) = records.iter().find(|record| record.run == entry.run) {
            for attempt in &record.attempts {
                story.push_str(&format!("\n    {}: {:?}", attempt.number, attempt.creates));
            }
            story.push_str(&format!("\n    {}", record.end));
        }
        story
    })
    .collect()
}

/// Tasks that ended otherwise than their job was to, or with the result of another job.
fn wrong_ends(plans: &[Plan], records: &[TaskRecord], entries: &[Entry]) -> Vec<String> {
    let records: BTreeMap<&str, _> =
        records.iter().map(|record| (record.run.as_str(), record)).collect();
    let wrong = plans.iter().filter_map(|plan| {
        let run = plan.run.as_str();
        let Some(record) = records.get(run) else {
            return Some(format!("{run} has left no record"));
        };
        match (&record.end, plan.end) {
            (End::Aborted, _) if plan.is_aborted() => None,
            (End::Failed { message, .. }, JobEnd::Failed)
                if message.contains("it could not work") =>
            {
                None
            }
            (End::Succeeded { outputs }, JobEnd::Succeeded) => {
                let id = outputs.iter().flatten().find_map(|output| text(output.value.as_ref()?));
                let job = entries.iter().find(|entry| Some(&entry.id) == id.as_ref());
                let own = |job: &&Entry| job.run == run && job.state == JobState::Succeeded;
                match job.filter(own) {
                    Some(_) => None,
                    None => Some(format!("{run} succeeded with the result of {id:?}")),
                }
            }
            // The report tells these.
            (End::Wedged { .. } | End::Unfinished { .. }, _) => None,
            (end, wanted) => Some(format!("{run} was to end {wanted:?}: {end}")),
        }
    });
    wrong.collect()
}

fn text(literal: &pb::Literal) -> Option<String> {
    use pb::{literal, primitive, scalar};
    match literal.value.as_ref()? {
        literal::Value::Scalar(scalar) => match scalar.value.as_ref()? {
            scalar::Value::Primitive(primitive) => match primitive.value.as_ref()? {
                primitive::Value::StringValue(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "chaos with {}: {} servers, {} jobs made, {:.1} s",
            self.storm,
            self.lives.terminated.len() + self.lives.killed.len(),
            self.jobs_made,
            self.took.as_secs_f64(),
        )?;
        writeln!(f, "{}", self.report)?;
        write!(
            f,
            "{} wrong ends, {} servers ended badly; only a durable store could have saved: {} \
             duplicated, {} orphaned",
            self.wrong_ends.len(),
            self.bad_ends_of_servers(),
            self.beyond_one_life_duplicated,
            self.beyond_one_life_orphaned,
        )?;
        for (id, status) in self.lives.terminated.iter().filter(|(_, status)| !status.success()) {
            write!(f, "\n  server {id} ended with {status}")?;
        }
        for (count, reason) in self.reasons.iter().take(8) {
            let line: String = reason.replace('\n', " ").chars().take(160).collect();
            write!(f, "\n  {count} x {line}")?;
        }
        for wrong in self.wrong_ends.iter().chain(&self.stories).take(8) {
            write!(f, "\n  {wrong}")?;
        }
        Ok(())
    }
}
