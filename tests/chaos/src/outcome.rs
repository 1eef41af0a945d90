//! What is left of a run: tasks beside jobs, and what must have held.
//! It tells apart what the server had in its hands and what only a durable store could have known.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use connector_core::pb;
use connector_testing::{Created, End, FakeExecutor, Report, TaskRecord};

use crate::beyond::Beyond;
use crate::lives::Lives;
use crate::message::{JobEnd, JobState};
use crate::plan::Plan;
use crate::vendor::{Entry, Snapshot, seen};

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
    /// Which kill each of these comes from, in words.
    pub explained: Vec<String>,
    /// Those of them that come from no kill: from a server that ended in good order, or from a fault.
    pub unexplained: Vec<String>,
    /// Those of them that were made while the database was away, in words.
    pub in_outages: Vec<String>,
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
        began: Instant,
    ) -> Self {
        let took = began.elapsed();
        let records = executor.records();
        let beyond = Beyond::of(&entries, &records, &lives, began);
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
            explained: beyond.explained,
            unexplained: beyond.unexplained,
            in_outages: beyond.in_outages,
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

/// Every job that is to blame for an orphan or a duplicate, with the creates of its run.
fn stories(
    plans: &[Plan],
    records: &[TaskRecord],
    entries: &[Entry],
    beyond: &Beyond<'_>,
) -> Vec<String> {
    let told = entries.iter().enumerate().filter(|(at, entry)| {
        let doubles = !entry.is_replacement()
            && entries.iter().take(*at).any(|earlier| earlier.key == entry.key);
        (entry.state == JobState::Running || doubles) && !beyond.jobs.contains(entry.id.as_str())
    });
    told.map(|(_, entry)| {
        let mut story = format!("job {} of {} by {:?}", entry.id, entry.run, entry.by);
        let same = entries.iter().filter(|other| other.run == entry.run);
        let jobs: Vec<String> =
            same.map(|other| format!("{} {:?} by {:?}", other.id, other.state, other.by)).collect();
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
            "chaos with {}: {} servers, {} of them killed, and {} workers; {} jobs made, {:.1} s",
            self.storm,
            self.lives.terminated.len() + self.lives.killed.len(),
            self.lives.killed.len(),
            self.lives.workers_killed.len(),
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
        for told in &self.explained {
            write!(f, "\n  by a kill: {told}")?;
        }
        for told in &self.in_outages {
            write!(f, "\n  while the database was away: {told}")?;
        }
        for told in &self.unexplained {
            write!(f, "\n  without a kill: {told}")?;
        }
        for wrong in self.wrong_ends.iter().chain(&self.stories).take(8) {
            write!(f, "\n  {wrong}")?;
        }
        Ok(())
    }
}
