//! Who is wedged, duplicated, orphaned or lost: records of tasks beside the jobs of the vendor.
//! `FakeExecutor::report` asks; nothing here calls or waits.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::vendor::{VendorJob, VendorState};
use super::{Finding, Report};
use crate::executor::record::{AttemptRecord, Created, End, FailureCode, TaskRecord};

/// What can be seen without the vendor.
pub(crate) fn on_the_wire(records: &[TaskRecord]) -> Report {
    let mut report = Report::default();
    for record in records {
        count(&mut report, record);
        let finding = |seen: String| Finding { subject: record.run.clone(), seen };
        match &record.end {
            end @ (End::Wedged { .. } | End::Unfinished { .. }) => {
                report.wedged.push(finding(end.to_string()));
            }
            end @ End::Failed {
                code: FailureCode::AutoRefreshCacheFailed | FailureCode::MaxSystemFailuresExceeded,
                ..
            } => report.lost.push(finding(format!(
                "the executor gave the job up without knowing how it ended: {end}"
            ))),
            End::Succeeded { .. } | End::Failed { .. } | End::Aborted => {}
        }
        for attempt in &record.attempts {
            let answers: BTreeSet<&Bytes> = answers(attempt).collect();
            if answers.len() > 1 {
                report.duplicated.push(finding(format!(
                    "attempt {} was created {} times and answered {} different metadata",
                    attempt.number,
                    attempt.creates.len(),
                    answers.len()
                )));
            }
            if attempt.delete_is_stuck {
                let last = attempt.failed_deletes.last().map_or("", String::as_str);
                report.undeletable.push(finding(format!(
                    "delete of attempt {} failed {} times, the last time with {last}",
                    attempt.number,
                    attempt.failed_deletes.len()
                )));
            }
        }
    }
    report
}

/// What can be seen with the vendor's jobs beside the records.
pub(crate) fn with_vendor(records: &[TaskRecord], jobs: &[VendorJob]) -> Report {
    let mut report = on_the_wire(records);
    report.vendor_asked = true;
    // The vendor knows better than the answers do.
    report.duplicated.clear();
    for (key, jobs) in by(jobs, |job| job.key.as_deref()) {
        if jobs.iter().skip(1).any(|job| !job.is_replacement) {
            let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
            let run = jobs.iter().find_map(|job| job.run.as_deref());
            report.duplicated.push(Finding {
                subject: run.unwrap_or(key).to_owned(),
                seen: format!("one attempt, {} jobs: {}", ids.len(), ids.join(", ")),
            });
        }
    }
    for job in jobs.iter().filter(|job| job.state == VendorState::Live) {
        let run = job.run.as_deref().unwrap_or("an unknown run");
        report.orphaned.push(Finding {
            subject: format!("job {}", job.id),
            seen: format!("made for {run}, still live although its task has been removed"),
        });
    }
    let by_run = by(jobs, |job| job.run.as_deref());
    for record in records {
        let Some(jobs) = by_run.get(record.run.as_str()) else {
            if matches!(record.end, End::Succeeded { .. }) && !by_run.is_empty() {
                report.lost.push(Finding {
                    subject: record.run.clone(),
                    seen: "the executor has it succeeded; the vendor has no job for it".to_owned(),
                });
            }
            continue;
        };
        let finished = jobs.iter().find(|job| job.state == VendorState::Succeeded);
        let seen = match (&record.end, finished) {
            (End::Succeeded { .. }, None) => {
                "the executor has it succeeded; no job of it did".to_owned()
            }
            (
                end @ (End::Failed { .. } | End::Wedged { .. } | End::Unfinished { .. }),
                Some(job),
            ) => {
                format!("job {} finished well; the executor has it {end}", job.id)
            }
            _ => continue,
        };
        let already = |finding: &Finding| finding.subject == record.run;
        if !report.lost.iter().any(already) && !report.wedged.iter().any(already) {
            report.lost.push(Finding { subject: record.run.clone(), seen });
        }
    }
    report
}

fn by<'a>(
    jobs: &'a [VendorJob],
    name: impl Fn(&'a VendorJob) -> Option<&'a str>,
) -> BTreeMap<&'a str, Vec<&'a VendorJob>> {
    let mut groups: BTreeMap<&str, Vec<&VendorJob>> = BTreeMap::new();
    for job in jobs {
        if let Some(name) = name(job) {
            groups.entry(name).or_default().push(job);
        }
    }
    groups
}

fn answers(attempt: &AttemptRecord) -> impl Iterator<Item = &Bytes> {
    attempt.creates.iter().filter_map(|created| match created {
        Created::Answered(resource_meta) => Some(resource_meta),
        Created::Failed(_) | Created::Left => None,
    })
}

fn count(report: &mut Report, record: &TaskRecord) {
    let tasks = &mut report.tasks;
    tasks.all += 1;
    tasks.attempts += record.attempts.len();
    match record.end {
        End::Succeeded { .. } => tasks.succeeded += 1,
        End::Failed { .. } => tasks.failed += 1,
        End::Aborted => tasks.aborted += 1,
        End::Wedged { .. } | End::Unfinished { .. } => {}
    }
    let calls = &mut report.calls;
    for attempt in &record.attempts {
        calls.creates += attempt.creates.len();
        calls.failed_creates += attempt.creates.len() - answers(attempt).count();
        calls.polls += usize::try_from(attempt.polls).unwrap_or(usize::MAX);
        calls.polls += attempt.failed_polls.len();
        calls.failed_polls += attempt.failed_polls.len();
        calls.deletes += usize::try_from(attempt.deletes).unwrap_or(usize::MAX);
        calls.deletes += attempt.failed_deletes.len();
        calls.failed_deletes += attempt.failed_deletes.len();
    }
}
