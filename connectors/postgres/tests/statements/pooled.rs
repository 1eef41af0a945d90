//! A pooler between: it is seen, said, and nothing is begun.

use connector_core::prelude::ErrorKind;
use connector_postgres::Postgres;
use connector_testing::Harness;
use postgres_tests::{PASSWORD, Pooler};

use crate::database_or_skip;

#[tokio::test]
async fn a_pooler_is_refused_before_anything_is_begun() {
    let database = database_or_skip!();
    // As it comes, and as operators set it for clients that send options.
    for further in ["", "ignore_startup_parameters = options"] {
        let Some(pooler) = Pooler::with(database.engine(), further) else { return };
        let postgres = Harness::new(Postgres::new(&Default::default()).unwrap());
        let task = database.task_with("insert into effects values ('x')", "postgres", PASSWORD);
        let task = task.custom("port", u32::from(pooler.port()));
        let error = postgres.create(&task).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
        assert!(error.message().contains("a pooler such as PgBouncer stands between"), "{error}");
        assert!(error.message().contains("PostgreSQL's own host and port"), "{error}");
        assert!(!error.message().contains(PASSWORD), "{error}");
        // A poll waits for the pooler to go, for the job may run.
        let meta = database.meta("flyte_x").replace(
            &format!("\"port\": {}", database.port()),
            &format!("\"port\": {}", pooler.port()),
        );
        let meta =
            meta.replace(&format!("\"user\": \"{}\"", database.name()), "\"user\": \"postgres\"");
        let error = postgres.job(&task, meta).get().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
        assert!(error.message().contains("a pooler such as PgBouncer"), "{error}");
    }
    assert_eq!(database.effects().await, 0);
    let tables = "SELECT to_regclass('flyte_statements') IS NULL";
    assert!(database.value::<bool>(tables, &[]).await, "nothing is made behind a pooler");
}
