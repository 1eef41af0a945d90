//! PostgreSQL: one trip for each transaction, on a connection that is nobody else's meanwhile.
//! `pool` has the connections.
//!
//! Nothing outlives a transaction on a connection, neither a setting nor a prepared statement: behind a pooler
//! that hands connections on after each (`PgBouncer`) the next one is another's. There `tokio-postgres` would
//! even run what another process has prepared, as every process gives the same names.

use std::error::Error as _;
use std::time::Duration;

use connector_postgres_tls::Tls;
use futures_util::future::{join_all, join3};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error};

use super::pool::Pool;
use super::{Fault, Row, Step, Value};
use crate::access::Access;
use crate::schema::{self, Tables};
use crate::settings::Settings;
use crate::statements::Dialect;

/// Held while the tables are made or changed: any number that nobody else takes.
const SCHEMA_LOCK: i64 = 0x666c_7974_6563;

/// A PostgreSQL.
#[derive(Debug)]
pub(crate) struct Postgres {
    pool: Pool,
    /// A connection of its own for leases, which must not wait behind a hundred creates.
    aside: Pool,
    time_out: Duration,
    /// How a transaction begins: bounds what a statement may take, so that none goes on that nobody waits for.
    begin: String,
    tables: Tables,
}

impl Postgres {
    pub(crate) fn new(access: &Access, settings: &Settings) -> Result<Self, String> {
        let time_out = settings.time_out;
        let mut config = Config::new();
        config
            .host(&access.host)
            .port(access.port)
            .user(&access.user)
            .dbname(&access.database)
            .application_name("connector-server state")
            .connect_timeout(time_out)
            .tcp_user_timeout(time_out.saturating_mul(2));
        if let Some(password) = access.password() {
            config.password(password);
        }
        config.ssl_mode(access.ssl_mode.of_driver());
        let tls = Tls::new(access.ssl_mode, access.ssl_root_cert.as_deref())?;
        let aside = Pool::new(config.clone(), tls.clone(), 1);
        let begin = format!("BEGIN; SET LOCAL statement_timeout = {}", time_out.as_millis());
        Ok(Self {
            pool: Pool::new(config, tls, settings.connections),
            aside,
            time_out,
            begin,
            tables: Tables::default(),
        })
    }

    pub(crate) async fn run(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        self.run_in(&self.pool, steps).await
    }

    /// The same, whoever else waits.
    pub(crate) async fn run_aside(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        self.run_in(&self.aside, steps).await
    }

    async fn run_in(&self, pool: &Pool, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        let work = async {
            let mut session = pool.session().await.map_err(fault)?;
            if !session.is_ready {
                get_ready(&session.client, &self.tables).await?;
                session.is_ready = true;
            }
            let mut done = carry_out(&session.client, &self.begin, &steps).await;
            if matches!(&done, Err(error) if is_collision(error)) {
                done = carry_out(&session.client, &self.begin, &steps).await;
            }
            // Kept only now: whatever cut this short has cut the connection's answers short, too.
            session.keep();
            done.map_err(fault)
        };
        let late = |_elapsed| Err(Fault::Away(format!("no answer within {:?}", self.time_out)));
        timeout(self.time_out, work).await.unwrap_or_else(late)
    }
}

/// The first thing on every connection: brings the tables up to date.
async fn get_ready(client: &Client, tables: &Tables) -> Result<(), Fault> {
    // Without the lock first: mostly there is nothing to do, and a role may have no right to make tables.
    let known = client
        .query_typed_one("SELECT to_regclass('connector_state_schema') IS NOT NULL", &[])
        .await;
    let mut version = 0;
    if known.map_err(fault)?.get(0) {
        version = read_version(client).await?;
        if tables.steps(Dialect::Postgres, version).map_err(Fault::Newer)?.is_empty() {
            return Ok(());
        }
    }
    let lock = format!("BEGIN; SELECT pg_advisory_xact_lock({SCHEMA_LOCK}); {}", schema::VERSIONS);
    let migrated = async {
        client.batch_execute(&lock).await.map_err(fault)?;
        version = read_version(client).await?.max(version);
        let steps = tables.steps(Dialect::Postgres, version).map_err(Fault::Newer)?;
        client.batch_execute(&steps.join(";\n")).await.map_err(fault)?;
        client.batch_execute("COMMIT").await.map_err(fault)
    };
    migrated.await
}

async fn read_version(client: &Client) -> Result<i64, Fault> {
    client.query_typed_one(schema::VERSION, &[]).await.map(|row| row.get(0)).map_err(fault)
}

/// Sends everything at once and then waits: the database is asked once, however many statements there are.
async fn carry_out(client: &Client, begin: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>, Error> {
    let answers = steps.iter().map(|step| query(client, step));
    // A future sends when it is first polled, and these are polled in their order.
    let (begun, answers, ended) =
        join3(client.batch_execute(begin), join_all(answers), client.batch_execute("COMMIT")).await;
    begun?;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    ended?;
    Ok(answers)
}

async fn query(client: &Client, step: &Step) -> Result<Vec<Row>, Error> {
    let values: Vec<(&(dyn ToSql + Sync), Type)> =
        step.values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())).collect();
    let rows = client.query_typed(step.statement, &values).await?;
    rows.iter().map(row).collect()
}

impl Value {
    /// What the database is told that it is; of NULL it finds out by itself.
    const fn kind(&self) -> Type {
        match self {
            Self::Null => Type::UNKNOWN,
            Self::Int(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
        }
    }
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let values = row.columns().iter().enumerate().map(|(at, column)| {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map_or(Value::Null, Value::Int),
            Type::TEXT => row.try_get::<_, Option<String>>(at)?.map_or(Value::Null, Value::Text),
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(at)?
                .map_or(Value::Null, |bytes| Value::Bytes(bytes.into())),
            _ => Value::Null,
        })
    });
    values.collect::<Result<_, _>>().map(Row::new)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA | Type::UNKNOWN)
    }

    to_sql_checked!();
}

/// Whether two transactions got into each other's way, and this one may simply begin again.
fn is_collision(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(&(SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE))
    )
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn fault(error: Error) -> Fault {
    let Some(said) = error.as_db_error() else {
        if let Some(refused) = connector_postgres_tls::refusal(&error) {
            return Fault::Away(refused);
        }
        // Without an answer it is the network, or a server that goes. No cause repeats a password.
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let causes: String = causes.map(|cause| format!(": {cause}")).collect();
        return Fault::Away(format!("{error}{causes}"));
    };
    let code = said.code().code();
    let text = format!("{} (SQLSTATE {code})", said.message());
    match code.get(..2) {
        // Values that cannot be, or that are there already.
        Some("22" | "23") => Fault::Refused(text),
        _ => Fault::Away(text),
    }
}
