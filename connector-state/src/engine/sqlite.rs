//! SQLite: one connection on a thread of its own. What waits for it is written together, as the disk is what
//! takes time: a transaction for each would hold up a hundred creates for a second.
//! Readers of other processes, such as `connector-server state`, come in beside it (WAL).

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params_from_iter};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Fault, Row, Step, Value};
use crate::schema::{self, Tables};
use crate::statements::Dialect;

/// How many may wait for the thread. Each waits no longer than its time.
const MOST_WAITING: usize = 1_024;
/// How many are written together.
const MOST_TOGETHER: usize = 128;

type Answer = Result<Vec<Vec<Row>>, Fault>;

struct Work {
    steps: Vec<Step>,
    reply: oneshot::Sender<Answer>,
}

/// A file, and the thread that writes it.
#[derive(Debug)]
pub(crate) struct Sqlite {
    work: mpsc::SyncSender<Work>,
    time_out: Duration,
}

impl Sqlite {
    pub(crate) fn new(path: &Path, time_out: Duration) -> Self {
        Self::with(path, time_out, "")
    }

    /// With further settings of every connection.
    fn with(path: &Path, time_out: Duration, pragmas: &'static str) -> Self {
        let (work, waiting) = mpsc::sync_channel::<Work>(MOST_WAITING);
        let file =
            File { path: path.to_owned(), busy: time_out / 2, pragmas, tables: Tables::default() };
        // It ends with the last sender.
        let thread = thread::Builder::new().name("state".to_owned());
        if let Err(error) = thread.spawn(move || serve(&file, &waiting)) {
            tracing::error!("the thread that writes the state cannot be started: {error}");
        }
        Self { work, time_out }
    }

    pub(crate) async fn run(&self, steps: Vec<Step>) -> Answer {
        let (reply, told) = oneshot::channel();
        let sent = self.work.try_send(Work { steps, reply });
        sent.map_err(|error| {
            Fault::Away(match error {
                mpsc::TrySendError::Full(_) => format!("{MOST_WAITING} transactions wait already"),
                mpsc::TrySendError::Disconnected(_) => "its thread is gone".to_owned(),
            })
        })?;
        match timeout(self.time_out, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Fault::Away("its thread is gone".to_owned())),
            Err(_) => Err(Fault::Away(format!("no answer within {:?}", self.time_out))),
        }
    }
}

fn serve(file: &File, waiting: &mpsc::Receiver<Work>) {
    let mut open = None;
    while let Ok(first) = waiting.recv() {
        let others = waiting.try_iter().take(MOST_TOGETHER - 1);
        // Whoever asked may have been told that there was no answer in time; then it must not be done later.
        let works = std::iter::once(first).chain(others).filter(|work| !work.reply.is_closed());
        let works: Vec<Work> = works.collect();
        let answers = file.run(&mut open, &works);
        if let Err(fault) = &answers {
            // The file may be another one by now, or a folder that is writable again.
            open = None;
            tracing::debug!("the state: {fault:?}");
        }
        match answers {
            Ok(answers) => works.into_iter().zip(answers).for_each(|(work, answer)| {
                // Whoever left has been told that nobody knows.
                work.reply.send(answer).ok();
            }),
            Err(fault) => works.into_iter().for_each(|work| {
                work.reply.send(Err(fault.clone())).ok();
            }),
        }
    }
}

/// Where the database is, and how it is opened.
struct File {
    path: PathBuf,
    /// How long another process may hold the file.
    busy: Duration,
    pragmas: &'static str,
    tables: Tables,
}

impl File {
    /// The answer to each, all written together; or why none was.
    fn run(&self, open: &mut Option<Connection>, works: &[Work]) -> Result<Vec<Answer>, Fault> {
        let connection = match open {
            Some(connection) => connection,
            None => open.insert(self.open()?),
        };
        carry_out(connection, works)
    }

    fn open(&self) -> Result<Connection, Fault> {
        let failed = |error: rusqlite::Error| fault(&error);
        self.create()?;
        // Not as a URI: a path may have any character.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        connection.busy_timeout(self.busy).map_err(failed)?;
        // FULL: what was answered is on the disk, so that neither SIGKILL nor the end of the machine loses it.
        let pragmas =
            format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {}", self.pragmas);
        connection.execute_batch(&pragmas).map_err(failed)?;
        migrate(&mut connection, &self.tables)?;
        Ok(connection)
    }

    /// Makes the file, where there is none, for nobody but this user: it holds what tasks were given.
    fn create(&self) -> Result<(), Fault> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options.open(&self.path);
        made.map(drop).map_err(|error| Fault::Away(format!("{}: {error}", self.path.display())))
    }
}

fn migrate(connection: &mut Connection, tables: &Tables) -> Result<(), Fault> {
    let failed = |error: rusqlite::Error| fault(&error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    transaction.execute_batch(schema::VERSIONS).map_err(failed)?;
    let version = transaction.query_row(schema::VERSION, (), |row| row.get(0)).map_err(failed)?;
    for step in tables.steps(Dialect::Sqlite, version).map_err(Fault::Newer)? {
        transaction.execute_batch(&step).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn carry_out(connection: &mut Connection, works: &[Work]) -> Result<Vec<Answer>, Fault> {
    let failed = |error: rusqlite::Error| fault(&error);
    // Immediate: a transaction that read first and then cannot write would have to begin again.
    let mut together =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let mut answers = Vec::with_capacity(works.len());
    for work in works {
        let mut own = together.savepoint().map_err(failed)?;
        let rows = work.steps.iter().map(|step| rows_of(&own, step));
        let answer = rows.collect::<rusqlite::Result<_>>().map_err(failed);
        match &answer {
            Ok(_) => own.commit().map_err(failed)?,
            // Only what is wrong with these statements leaves the others as they are.
            Err(Fault::Refused(_)) => own.rollback().map_err(failed)?,
            Err(fault) => return Err(fault.clone()),
        }
        answers.push(answer);
    }
    together.commit().map_err(failed)?;
    Ok(answers)
}

fn rows_of(connection: &Connection, step: &Step) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare(step.statement)?;
    let columns = statement.column_count();
    let rows = statement.query_map(params_from_iter(&step.values), |row| {
        let values = (0..columns).map(|column| row.get_ref(column).map(value));
        values.collect::<rusqlite::Result<_>>().map(Row::new)
    })?;
    rows.collect()
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec().into()),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn fault(error: &rusqlite::Error) -> Fault {
    let text = error.to_string();
    match error.sqlite_error_code() {
        // What is wrong with one statement or its values, and not with the file.
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            Fault::Refused(text)
        }
        _ => Fault::Away(text),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::Sqlite;
    use crate::engine::{Fault, Step};
    use crate::statements::Dialect;

    const TIME_OUT: Duration = Duration::from_secs(10);

    fn filler(id: i64, bytes: usize) -> Vec<Step> {
        let statement = Dialect::Sqlite.statements().probe.as_str();
        vec![Step { statement, values: vec![id.into(), (&Bytes::from(vec![7; bytes])).into()] }]
    }

    #[tokio::test]
    async fn a_full_database_is_away_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let small = Sqlite::with(&path, TIME_OUT, "PRAGMA max_page_count = 16");
        small.run(filler(1, 10)).await.unwrap();
        let full = small.run(filler(2, 100_000)).await;
        assert!(matches!(&full, Err(Fault::Away(why)) if why.contains("full")), "{full:?}");
        small.run(filler(3, 10)).await.unwrap();
    }

    #[tokio::test]
    async fn all_statements_of_a_transaction_are_carried_out_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let sqlite = Sqlite::new(&path, TIME_OUT);
        let mut steps = filler(1, 10);
        steps.push(Step { statement: "INSERT INTO nowhere VALUES (1)", values: Vec::new() });
        sqlite.run(steps).await.unwrap_err();
        let count =
            Step { statement: "SELECT count(*) FROM connector_state_probe", values: Vec::new() };
        let mut rows = sqlite.run(vec![count]).await.unwrap();
        assert_eq!(rows.pop().and_then(|mut rows| rows.pop()?.int()), Some(0));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_file_is_for_its_user_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        Sqlite::new(&path, TIME_OUT).run(filler(1, 10)).await.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.path());
        }
    }
}
