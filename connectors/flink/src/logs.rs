//! A job's log. Flink has logs of machines, on which there may be jobs of others, and no log of a job: so what is given
//! here are the entries that name the job, out of the log of the job manager and of every task manager that the job
//! is, or was, on.
//!
//! Flink writes a job's id into every entry that its code makes where the layout has `%X{flink-job-id}`; without it
//! there are those in which Flink itself names the job. A page's token says in which machine's log it begins, and where.

use std::collections::BTreeSet;

use connector_core::prelude::*;
use futures_util::{Stream, stream};

use crate::Session;
use crate::states::Job;

/// Lines of a page where the caller leaves their number open.
const LINES: usize = 2_000;
/// What the job manager is called in a token; a task manager has an id of its own.
const JOB_MANAGER: &str = "jobmanager";

/// Where a page begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// `None`: at the begin of the first.
    machine: Option<String>,
    byte: usize,
}

impl Position {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no such page.
    pub(crate) fn read(token: &str) -> Result<Self> {
        if token.is_empty() {
            return Ok(Self::default());
        }
        let parts = token.rsplit_once('@').filter(|(machine, _)| !machine.is_empty());
        let read = parts.and_then(|(machine, byte)| {
            Some(Self { machine: Some(machine.to_owned()), byte: byte.parse().ok()? })
        });
        read.ok_or_else(|| no_page(token))
    }
}

fn no_page(token: &str) -> ConnectorError {
    ConnectorError::invalid_task(format!("there is no log page {token:?}"))
}

/// The machines that have something of the job, the job manager first.
pub(crate) async fn machines(
    session: &Session,
    seen: &Job,
    call: &CallContext,
) -> Result<Vec<String>> {
    let mut managers = BTreeSet::new();
    for vertex in &seen.vertices {
        managers.extend(session.api.machines(session.place(), &vertex.id, call).await?);
    }
    Ok(std::iter::once(JOB_MANAGER.to_owned()).chain(managers).collect())
}

/// One page where the caller says how many lines it takes, else all of them.
pub(crate) async fn answer(
    session: Session,
    machines: Vec<String>,
    at: Position,
    most: Option<u64>,
    call: CallContext,
) -> Result<Logs> {
    let first = match &at.machine {
        Some(named) => {
            let known = machines.iter().position(|machine| machine == named);
            known.ok_or_else(|| no_page(&format!("{named}@{}", at.byte)))?
        }
        None => 0,
    };
    let mut reader = Reader { session, machines, call, held: None };
    match most {
        Some(most) => {
            let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
            Ok(reader.page((first, at.byte), most).await?.0.into())
        }
        None => Ok(Logs::stream(reader.pages((first, at.byte)))),
    }
}

/// Reads the logs of the machines of a job.
#[derive(Debug)]
struct Reader {
    session: Session,
    machines: Vec<String>,
    call: CallContext,
    /// The log of one of them, for its next page.
    held: Option<(usize, String)>,
}

/// A machine, and a byte in its log.
type Place = (usize, usize);

impl Reader {
    fn pages(self, first: Place) -> impl Stream<Item = Result<LogPage>> {
        stream::unfold((self, Some(first)), async |(mut reader, at)| {
            match reader.page(at?, LINES).await {
                Ok((page, next)) => Some((Ok(page), (reader, next))),
                Err(error) => Some((Err(error), (reader, None))),
            }
        })
    }

    /// The page that begins there, and where the next one does.
    async fn page(
        &mut self,
        (machine, byte): Place,
        most: usize,
    ) -> Result<(LogPage, Option<Place>)> {
        let text = match self.held.take() {
            Some((held, text)) if held == machine => Some(text),
            _ => self.text(machine).await?,
        };
        let name = |machine: usize| self.machines.get(machine).map(String::as_str);
        let (mut lines, rest) = match &text {
            Some(text) => entries(text, self.session.place().job_id, byte, most),
            None => {
                (vec![LogLine::system(None, "Flink has no log of this machine (any more)")], None)
            }
        };
        if byte == 0 {
            let heading = format!("of {}:", name(machine).unwrap_or_default());
            lines.insert(0, LogLine::system(None, heading));
        }
        let next = rest.map(|byte| (machine, byte));
        let next = next.or_else(|| Some((machine + 1, 0)).filter(|it| name(it.0).is_some()));
        let token = next.and_then(|(machine, byte)| Some(format!("{}@{byte}", name(machine)?)));
        if rest.is_some() {
            self.held = text.map(|text| (machine, text));
        }
        Ok((LogPage::new(lines).next_token(token), next))
    }

    /// The log of that machine, if there is one.
    async fn text(&self, machine: usize) -> Result<Option<String>> {
        let Some(name) = self.machines.get(machine) else { return Ok(None) };
        let manager = Some(name.as_str()).filter(|name| *name != JOB_MANAGER);
        match self.session.api.log(self.session.place(), manager, &self.call).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }
}

/// Up to so many lines of the job from that byte on, and where its next one is. An entry begins with a date or a
/// bracket; what follows and does not, such as a trace, belongs to it.
fn entries(text: &str, job_id: &str, from: usize, most: usize) -> (Vec<LogLine>, Option<usize>) {
    let (mut lines, mut is_jobs, mut at) = (Vec::new(), false, 0);
    for line in text.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        if line.starts_with(|first: char| first.is_ascii_digit() || "[{".contains(first)) {
            is_jobs = line.contains(job_id);
        }
        if !is_jobs || begin < from {
            continue;
        }
        if lines.len() >= most {
            return (lines, Some(begin));
        }
        lines.push(LogLine::user(None, line.trim_end_matches(['\n', '\r'])));
    }
    (lines, None)
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Position, entries};

    const LOG: &str = "2026-11-28 10:00:00,000 [j1] INFO A - one\n2026-11-28 10:00:00,001 [j2] INFO A - of others\n\
                       their.Trace: x\n\tat y\n[j1] WARN B - two\nmine.Trace: z\n\tat zz\n{\"job\": \"j2\"}\n\
                       {\"job\": \"j1\"}\n";

    fn said((lines, next): (Vec<LogLine>, Option<usize>)) -> (Vec<String>, Option<usize>) {
        (lines.into_iter().map(|line| line.message).collect(), next)
    }

    #[test]
    fn only_entries_that_name_the_job_are_given() {
        let all = [
            "2026-11-28 10:00:00,000 [j1] INFO A - one",
            "[j1] WARN B - two",
            "mine.Trace: z",
            "\tat zz",
            "{\"job\": \"j1\"}",
        ];
        assert_eq!(said(entries(LOG, "j1", 0, 9)), (all.map(str::to_owned).into(), None));
        let (mut at, mut paged) = (Some(0), Vec::new());
        while let Some(from) = at {
            let (lines, next) = said(entries(LOG, "j1", from, 2));
            assert!(lines.len() <= 2);
            paged.extend(lines);
            at = next;
        }
        assert_eq!(paged, all);
        assert_eq!(entries(LOG, "j3", 0, 9), (Vec::new(), None));
        assert_eq!(entries(LOG, "j1", 99_999, 9), (Vec::new(), None), "it may be cut meanwhile");
    }

    #[test]
    fn a_token_names_a_machine_and_a_place() {
        let read = Position::read("127.0.0.1:41571-7d0d4f@77").unwrap();
        assert_eq!((read.machine.as_deref(), read.byte), (Some("127.0.0.1:41571-7d0d4f"), 77));
        assert_eq!(Position::read("").unwrap(), Position::default());
        for token in ["x", "@7", "jobmanager@", "jobmanager@-1", "jobmanager@1.5"] {
            assert_eq!(Position::read(token).unwrap_err().kind(), ErrorKind::InvalidTask);
        }
    }
}
