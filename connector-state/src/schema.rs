//! The tables, as a list of steps that only grows: a database of any earlier version is brought to this one.
//! `engine` runs them at its first contact, under a lock, so that replicas that start together do it once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::statements::Dialect;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    sqlite: &'static [&'static str],
    postgres: &'static [&'static str],
    both: &'static [&'static str],
}

/// Every step, the oldest first. Steps that were released are never changed.
pub(crate) const MIGRATIONS: &[Migration] = &[TABLES, TASKS, PEERS];

const TABLES: Migration = Migration {
    sqlite: &[
        // Fences are never given twice, also not for an attempt that was forgotten and came back.
        "CREATE TABLE connector_state_fence (last BIGINT NOT NULL)",
        "INSERT INTO connector_state_fence VALUES (0)",
    ],
    postgres: &["CREATE SEQUENCE connector_state_fence"],
    both: &[
        "CREATE TABLE connector_state (
            key TEXT PRIMARY KEY,
            status TEXT NOT NULL,
            task_type TEXT NOT NULL,
            version BIGINT NOT NULL,
            run TEXT NOT NULL,
            request {bytes},
            meta {bytes},
            owner TEXT,
            nonce BIGINT,
            fence BIGINT NOT NULL,
            lease_until BIGINT,
            due_at BIGINT,
            tries BIGINT NOT NULL DEFAULT 0,
            problem TEXT,
            superseded BIGINT NOT NULL DEFAULT 0,
            cancelling BIGINT NOT NULL DEFAULT 0,
            claims BIGINT NOT NULL DEFAULT 1,
            keep_ms BIGINT,
            expires_at BIGINT,
            created_at BIGINT NOT NULL
        )",
        "CREATE INDEX connector_state_open ON connector_state (due_at)
            WHERE status IN ('in-flight', 'to-cancel')",
        "CREATE INDEX connector_state_expiry ON connector_state (expires_at)
            WHERE expires_at IS NOT NULL",
        "CREATE TABLE connector_state_probe (id BIGINT NOT NULL, filler {bytes} NOT NULL)",
    ],
};

/// Whose attempt a row is: the next one ends all before it. And how long a job may go without a question: while
/// nobody has asked, its answer is one that may have been lost, and stands in an index of its own.
const TASKS: Migration = Migration {
    sqlite: &[],
    postgres: &[],
    both: &[
        "ALTER TABLE connector_state ADD COLUMN task TEXT",
        "ALTER TABLE connector_state ADD COLUMN attempt BIGINT",
        "CREATE INDEX connector_state_task ON connector_state (task, attempt)
            WHERE task IS NOT NULL",
        "ALTER TABLE connector_state ADD COLUMN ask_ms BIGINT",
        "CREATE INDEX connector_state_unasked ON connector_state (due_at)
            WHERE status = 'answered' AND due_at IS NOT NULL",
    ],
};

/// Who uses the database at this moment, what they tell each other, and who asks about which jobs. Only where there
/// may be several. Nothing of it is worth a log, or a disk: it is written again within seconds.
const PEERS: Migration = Migration {
    sqlite: &[],
    postgres: &[
        "CREATE UNLOGGED TABLE connector_state_peer (owner TEXT PRIMARY KEY, until_at BIGINT NOT NULL)",
        "CREATE UNLOGGED TABLE connector_state_letter (
            id BIGINT PRIMARY KEY,
            owner TEXT NOT NULL,
            letter BYTEA NOT NULL,
            sent_at BIGINT NOT NULL,
            until_at BIGINT NOT NULL
        )",
        "CREATE INDEX connector_state_letter_sent ON connector_state_letter (sent_at)",
        "CREATE UNLOGGED TABLE connector_state_turn (
            job TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            until_at BIGINT NOT NULL
        )",
    ],
    both: &[],
};

/// What counts fences in SQLite, where a sequence does not exist. After the tables it stands on.
const SQLITE_TRIGGERS: &[&str] = &[
    "CREATE TRIGGER IF NOT EXISTS connector_state_fenced AFTER INSERT ON connector_state BEGIN
        UPDATE connector_state_fence SET last = last + 1; END",
    "CREATE TRIGGER IF NOT EXISTS connector_state_refenced AFTER UPDATE OF fence ON connector_state BEGIN
        UPDATE connector_state_fence SET last = last + 1; END",
];

/// Holds how many steps a database has taken.
pub(crate) const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS connector_state_schema (version BIGINT NOT NULL)";
pub(crate) const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM connector_state_schema";

/// What one process knows of a database's tables.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// They were ones that it knows, or were made ones.
    are_known: AtomicBool,
    /// It has been said that they are newer by now.
    said: AtomicBool,
}

impl Tables {
    /// The statements that bring a database of that version to this one. A process that has used the tables goes on
    /// with them when the next release changes them: it does with the connections it has, so each new one has to.
    ///
    /// # Errors
    /// The database was of a later version than this program when the process came.
    pub(crate) fn steps(&self, dialect: Dialect, version: i64) -> Result<Vec<String>, String> {
        match steps(dialect, version) {
            Ok(steps) => {
                self.are_known.store(true, Ordering::Relaxed);
                Ok(steps)
            }
            Err(newer) if self.are_known.load(Ordering::Relaxed) => {
                if !self.said.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "the state was changed by a newer release, and this process goes on with it \
                        until it is restarted: {newer}"
                    );
                }
                Ok(Vec::new())
            }
            Err(newer) => Err(newer),
        }
    }
}

/// The statements that bring a database of that version to this one.
///
/// # Errors
/// The database is of a later version than this program.
pub(crate) fn steps(dialect: Dialect, version: i64) -> Result<Vec<String>, String> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(format!(
            "its tables are of version {version}, and this program knows versions up to {known}: \
             use a newer connector-server"
        ));
    }
    let done = usize::try_from(version).unwrap_or_default();
    let mut steps = Vec::new();
    for (migration, version) in MIGRATIONS.iter().zip(1_usize..).skip(done) {
        let own = match dialect {
            Dialect::Sqlite => migration.sqlite,
            Dialect::Postgres => migration.postgres,
        };
        steps.extend(own.iter().chain(migration.both).map(|step| dialect.spelled(step)));
        steps.push(format!("INSERT INTO connector_state_schema VALUES ({version})"));
    }
    if dialect == Dialect::Sqlite && !steps.is_empty() {
        steps.extend(SQLITE_TRIGGERS.iter().map(|step| (*step).to_owned()));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, Tables, steps};
    use crate::statements::Dialect;

    #[test]
    fn a_database_takes_the_steps_it_lacks_and_no_others() {
        let known = i64::try_from(MIGRATIONS.len()).unwrap();
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert!(!steps(dialect, 0).unwrap().is_empty());
            assert_eq!(steps(dialect, known).unwrap(), Vec::<String>::new());
            let problem = steps(dialect, known + 1).unwrap_err();
            assert!(problem.contains("newer connector-server"), "{problem}");
        }
    }

    #[test]
    fn whoever_has_used_a_database_goes_on_with_it_when_it_becomes_newer() {
        let known = i64::try_from(MIGRATIONS.len()).unwrap();
        let (late, early) = (Tables::default(), Tables::default());
        late.steps(Dialect::Postgres, known + 1).unwrap_err();
        early.steps(Dialect::Postgres, known).unwrap();
        assert_eq!(early.steps(Dialect::Postgres, known + 1).unwrap(), Vec::<String>::new());
    }
}
