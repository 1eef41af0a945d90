//! A database of one test's own, and what the test asks it past the connector.
//! Tests take tasks from here, which carry the way to the database in their connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use connector_testing::{Task, Vendor, VendorJob, VendorState};
use postgres_tests::{Engine, PASSWORD};
use tokio::time::{Instant, sleep};
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, Config, NoTls};

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Every carried-out statement of a storm leaves a line in `effects`, in its own transaction.
const EFFECTS: &str = "CREATE TABLE effects (job text DEFAULT current_setting('flyte.job'))";

/// What a statement calls to run for as long as the test wants: see [`Database::hold`].
pub(crate) const WAIT: &str = "pg_advisory_lock_shared(1)";

#[derive(Debug)]
pub(crate) struct Database {
    engine: Arc<Engine>,
    name: String,
    admin: Client,
}

impl Database {
    /// A new database; `None` where there is no PostgreSQL.
    pub(crate) async fn new() -> Option<Self> {
        Some(Self::on(Engine::shared()?).await)
    }

    /// A new database in that PostgreSQL.
    pub(crate) async fn on(engine: Arc<Engine>) -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let server = connect(&engine, "postgres").await;
        // The connector's role is an ordinary one, with no rights but those of an owner.
        let role = format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'");
        server.batch_execute(&role).await.expect("a role");
        let database = format!("CREATE DATABASE {name} OWNER {name}");
        server.batch_execute(&database).await.expect("a database");
        let admin = connect(&engine, &name).await;
        let this = Self { engine, name, admin };
        this.execute(&format!("SET ROLE {}; {EFFECTS}; RESET ROLE", this.name)).await;
        this
    }

    /// Connects anew, to a PostgreSQL that was started again.
    pub(crate) async fn connect_again(&mut self) {
        self.admin = connect(&self.engine, &self.name).await;
    }

    /// Another session of the test.
    pub(crate) async fn another_session(&self) -> Client {
        connect(&self.engine, &self.name).await
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn port(&self) -> u16 {
        self.engine.port()
    }

    /// A task with that statement, that finds its way to this database.
    pub(crate) fn task(&self, statement: &str) -> Task {
        self.task_with(statement, &self.name, PASSWORD)
    }

    pub(crate) fn task_with(&self, statement: &str, user: &str, password: &str) -> Task {
        Self::task_at(&self.coordinates(), statement)
            .custom("user", user)
            .secret("password", password)
    }

    /// The way to this database, for another process.
    pub(crate) fn coordinates(&self) -> String {
        format!("{} {}", self.engine.port(), self.name)
    }

    /// A task with that statement for the database of another process.
    pub(crate) fn task_at(coordinates: &str, statement: &str) -> Task {
        let (port, name) = coordinates.split_once(' ').expect("port and name");
        Task::new("postgres_sql")
            .custom("statement", statement)
            .custom("host", "127.0.0.1")
            .custom("port", port.parse::<u32>().expect("a port"))
            .custom("database", name)
            .custom("user", name)
            .custom("sslmode", "disable")
            .output("table")
            .output("rows")
            .secret("password", PASSWORD)
    }

    /// The metadata of a job of that name here.
    pub(crate) fn meta(&self, job: &str) -> String {
        let (port, name) = (self.engine.port(), &self.name);
        format!(
            "{{\"place\": {{\"host\": \"127.0.0.1\", \"port\": {port}, \"database\": \"{name}\", \"user\": \
             \"{name}\", \"sslmode\": \"disable\"}}, \"job_id\": \"{job}\"}}"
        )
    }

    pub(crate) async fn execute(&self, statements: &str) {
        self.admin.batch_execute(statements).await.expect(statements);
    }

    /// The one value that the query gives.
    pub(crate) async fn value<T: FromSqlOwned>(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> T {
        self.admin.query_one(query, parameters).await.expect(query).get(0)
    }

    /// Waits until the query, which says yes or no, says yes.
    pub(crate) async fn until(&self, query: &str) {
        let limit = Instant::now() + LIMIT;
        while !self.value::<bool>(query, &[]).await {
            assert!(Instant::now() < limit, "in vain: {query}");
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until so many statements of the connector are being carried out.
    pub(crate) async fn until_active(&self, statements: u32) {
        self.until(&format!(
            "SELECT count(*) = {statements} FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE 'flyte\\_%' AND query LIKE '%EXECUTE%' AND state = 'active'"
        ))
        .await;
    }

    /// How many sessions carry out, or are about to carry out, a statement.
    pub(crate) async fn sessions(&self) -> i64 {
        self.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE 'flyte\\_%'",
            &[],
        )
        .await
    }

    /// Waits until no session carries out, or is about to carry out, a statement.
    pub(crate) async fn until_idle(&self) {
        self.until(
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE 'flyte\\_%'",
        )
        .await;
    }

    /// Makes statements with [`WAIT`] in them wait until [`release`](Self::release).
    pub(crate) async fn hold(&self) {
        self.execute("SELECT pg_advisory_lock(1)").await;
    }

    pub(crate) async fn release(&self) {
        self.execute("SELECT pg_advisory_unlock(1)").await;
    }

    /// Waits until a poll has been answered.
    pub(crate) async fn until_polled(&self) {
        self.until(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = 'flyte' AND query LIKE '%WITH lost%' AND state = 'idle'",
        )
        .await;
    }

    /// Ends every session of the connector, as an administrator does, or a crash.
    pub(crate) async fn end_sessions(&self) {
        self.value::<i64>(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name LIKE 'flyte%'",
            &[],
        )
        .await;
    }

    /// How often statements of a storm were carried out.
    pub(crate) async fn effects(&self) -> i64 {
        self.value("SELECT count(*) FROM effects", &[]).await
    }
}

async fn connect(engine: &Engine, database: &str) -> Client {
    let (client, connection) = Config::new()
        .host("127.0.0.1")
        .port(engine.port())
        .user("postgres")
        .password(PASSWORD)
        .dbname(database)
        .application_name("test")
        .connect(NoTls)
        .await
        .expect("a connection to PostgreSQL");
    tokio::spawn(connection);
    client
}

/// What happened in truth, beside what the connector believes: a job per effect that was left, per
/// session that still runs, and per statement that left nothing.
impl Vendor for Database {
    async fn jobs(&self) -> Vec<VendorJob> {
        let truth = "
            SELECT 'effect ' || effects.ctid, effects.job, known.run, 'succeeded'
            FROM effects LEFT JOIN flyte_statements AS known ON known.id = effects.job
            UNION ALL
            SELECT 'session ' || activity.pid, application_name, run, 'running'
            FROM pg_stat_activity AS activity
            LEFT JOIN flyte_statements AS known ON known.id = application_name
            WHERE datname = current_database() AND application_name LIKE 'flyte\\_%'
            UNION ALL
            SELECT 'row ' || id, id, run, state FROM flyte_statements AS known
            WHERE state NOT IN ('running', 'succeeded')
              AND NOT EXISTS (SELECT FROM effects WHERE job = known.id)";
        let rows = self.admin.query(truth, &[]).await.expect("the truth");
        let job = |row: &tokio_postgres::Row| {
            let state = match row.get::<_, &str>(3) {
                "succeeded" => VendorState::Succeeded,
                "running" => VendorState::Live,
                "cancelled" => VendorState::Cancelled,
                _ => VendorState::Failed,
            };
            let job = VendorJob::new(row.get::<_, String>(0), state).key(row.get::<_, String>(1));
            match row.get::<_, Option<String>>(2) {
                Some(run) => job.run(run),
                None => job,
            }
        };
        rows.iter().map(job).collect()
    }
}
