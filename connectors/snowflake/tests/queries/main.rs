//! Queries against a fake Snowflake: what is asked, what becomes of every answer, sessions that end, and
//! the executor's rules. The keys beside this file open nothing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod course;
mod credentials;
mod repeats;
mod sessions;
mod states;
mod submission;
mod vendor;

use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_snowflake::Snowflake;
use connector_testing::{Harness, Task};
use pb::task_template::Target;
use serde_json::{Value, json};
use vendor::FakeSnowflake;

const STATEMENT: &str = "SELECT %(n)s AS x WHERE s = %(s)s";
const KEY: &str = include_str!("made-for-tests.pem");

/// A task as the official task class serialises it, without inputs and without anybody who signs in.
fn bare(statement: &str, kwargs: Value) -> Task {
    let sql = pb::Sql { statement: statement.to_owned(), dialect: pb::sql::Dialect::Ansi as i32 };
    let template = pb::TaskTemplate {
        r#type: "snowflake".to_owned(),
        target: Some(Target::Sql(sql)),
        ..Default::default()
    };
    let task = Task::from_template(template)
        .custom("account", "myorg-acc")
        .custom("user", "flyte")
        .custom("database", "DB")
        .custom("schema", "PUBLIC")
        .custom("warehouse", "WH")
        .output("results");
    if kwargs.is_null() { task } else { task.custom("connection_kwargs", kwargs) }
}

fn query() -> Task {
    bare(STATEMENT, Value::Null)
        .input("n", literal::integer(5))
        .input("s", literal::string("it's"))
        .secret("snowflake_private_key", KEY)
}

/// A task that signs in by password, as the official connector lets it.
fn by_password(password: &str) -> Task {
    bare("SELECT 1", json!({"password": password, "role": "ANALYST"}))
}

fn connector(fake: &FakeSnowflake, settings: &Settings) -> Snowflake {
    fake.open();
    Snowflake::at(settings, Endpoint::at("the fake", fake.url()).unwrap()).unwrap()
}

fn harness(fake: &FakeSnowflake) -> Harness {
    Harness::new(connector(fake, &Settings::default()))
}

mod rules {
    use connector_testing::conformance::Subject;

    use super::{FakeSnowflake, Settings, connector, query};

    /// With the setting that makes one query of repeated creates on every server.
    fn at_snowflake() -> Subject {
        let fake = FakeSnowflake::new();
        let vendor = fake.clone();
        let settings = Settings::from_iter([("repeated_creates", "query_history")]);
        Subject::new(move || connector(&fake, &settings)).task(query()).vendor(vendor).except(
            "concurrent_creates_are_one_job",
            "two servers that submit at the same moment both find nothing in the history: Snowflake has no \
             name that only one query can have (docs/decisions/snowflake-protocol.md)",
        )
    }

    connector_testing::conformance!(subject = at_snowflake());
}
