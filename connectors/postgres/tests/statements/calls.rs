//! The connector call by call: what it answers, and what it leaves behind.

use std::time::Duration;

use connector_core::{ErrorKind, Phase, Registry, Settings, literal};
use connector_postgres::Postgres;
use connector_testing::Harness;
use futures_util::future::{join_all, try_join_all};

use crate::database::WAIT;
use crate::database_or_skip;
use postgres_tests::PASSWORD;

pub(crate) const POLL: Duration = Duration::from_millis(10);

fn postgres() -> Harness {
    Harness::new(Postgres::new(&Settings::default()).unwrap()).poll_every(POLL)
}

#[tokio::test]
async fn a_query_becomes_a_table() {
    let database = database_or_skip!();
    let query = format!("select n, n * n as square from generate_series(1, :upto) as n, {WAIT}");
    let task = database.task(&query).input("upto", literal::integer(10));
    database.hold().await;
    let job = postgres().create(&task).await.unwrap();
    let seen_running = async {
        database.until_polled().await;
        database.release().await;
    };
    let (journey, ()) = tokio::join!(job.run(), seen_running);
    let journey = journey.unwrap();
    journey.assert_phases([Phase::Running, Phase::Succeeded]);
    assert_eq!(journey.output::<i64>("rows").unwrap(), 10);
    let table: String = journey.output("table").unwrap();
    let sum: i64 = database.value(&format!("SELECT sum(square)::bigint FROM {table}"), &[]).await;
    assert_eq!(sum, 385);
    // Flyte deletes every job in the end, however it ended; the result stays.
    job.delete().await.unwrap();
    assert_eq!(job.get().await.unwrap().phase, Phase::Succeeded);
    assert_eq!(database.value::<i64>(&format!("SELECT count(*) FROM {table}"), &[]).await, 10);
}

#[tokio::test]
async fn a_statement_that_is_no_query_is_carried_out() {
    let database = database_or_skip!();
    for statement in [
        "insert into effects select 'x' from generate_series(1, 3)",
        "update effects set job = 'y' returning job;",
        "select pg_notify('a function', 'without a result') from effects",
        "delete from effects -- all of them",
    ] {
        let job = postgres().create(&database.task(statement)).await.unwrap();
        let journey = job.run().await.unwrap();
        assert_eq!(journey.output::<i64>("rows").unwrap(), 3, "{statement}: {journey}");
        assert_eq!(journey.output::<String>("table").unwrap(), "", "{statement}");
    }
    assert_eq!(database.effects().await, 0);
}

#[tokio::test]
async fn values_stay_values() {
    let database = database_or_skip!();
    let nasty = "'; drop table effects; -- \" \\ $1 :whole {";
    let task = database
        .task(
            "select :text as text, :whole as whole, :real as real, :yes as yes, :at as at, \
             :nothing as nothing, ':text' as untouched, :text as \":text\"",
        )
        .input("whole", literal::integer(i64::MAX))
        .input("text", literal::string(nasty))
        .input("real", literal::float(0.1))
        .input("yes", literal::boolean(true))
        .input("at", literal::datetime(std::time::UNIX_EPOCH + Duration::from_micros(1_500_000)))
        .input("nothing", literal::none());
    let journey = postgres().create(&task).await.unwrap().run().await.unwrap();
    let table: String = journey.output("table").unwrap();
    let same: bool = database
        .value(
            &format!(
                "SELECT text = $1 AND \":text\" = $1 AND untouched = ':text' AND whole = $2 \
                 AND real = 0.1::double precision AND yes AND nothing IS NULL \
                 AND at = timestamptz '1970-01-01 00:00:01.5Z' FROM {table}"
            ),
            &[&nasty, &i64::MAX],
        )
        .await;
    assert!(same);
    assert_eq!(database.effects().await, 0, "the table is still there");
}

#[tokio::test]
async fn a_wrong_statement_is_told_with_its_place() {
    let database = database_or_skip!();
    let cases = [
        (
            "select 1\n  frm effects",
            "in line 2, column 7: syntax error at or near \"effects\" (SQLSTATE 42601)",
        ),
        ("select :n,\n 2 from nowhere", "in line 2, column 9: relation \"nowhere\" does not exist"),
        (
            "select count(*) from effects where :n",
            "in line 1, column 36: argument of WHERE must be",
        ),
        ("select 1; select 2", "cannot insert multiple commands"),
        ("select (1", "at end of input (SQLSTATE 42601)"),
        ("select $2", "no parameter `$2`; inputs are `:name`"),
        ("insert into effects values (:who)", "asks for `:who`, and there is no such input"),
        (" ", "`statement` is empty"),
    ];
    for (statement, said) in cases {
        let task = database.task(statement).input("n", literal::integer(1));
        match postgres().create(&task).await {
            Ok(job) => panic!("{statement:?} became {job:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidTask, "{statement:?}: {error}");
                assert!(error.message().contains(said), "{statement:?}: {error}");
            }
        }
    }
    let jobs: i64 = database.value("SELECT count(*) FROM flyte_statements", &[]).await;
    assert_eq!(jobs, 0, "what was refused is no job");
}

#[tokio::test]
async fn a_statement_that_fails_leaves_nothing() {
    let database = database_or_skip!();
    database
        .execute(
            "CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); \
             GRANT ALL ON late TO PUBLIC",
        )
        .await;
    let cases = [
        (
            "select 1 / (n - 2) as x from generate_series(1, 3) as n",
            "division by zero (SQLSTATE 22012)",
        ),
        ("select 1 as a, 2 as a", "column \"a\" specified more than once (SQLSTATE 42701)"),
        ("insert into late values (1), (1)", "violates unique constraint"),
        ("select * from late for share nowait limit 1 offset -1", "OFFSET must not be negative"),
        ("commit", "EXECUTE of transaction commands is not implemented"),
        ("do $$ begin raise exception 'no' using detail = 'd', hint = 'h'; end $$", "no; d; h ("),
        ("do $$ begin assert false; end $$", "assertion failed (SQLSTATE P0004)"),
    ];
    for (statement, said) in cases {
        let job = postgres().create(&database.task(statement)).await.unwrap();
        let journey = job.run().await.unwrap();
        assert_eq!(journey.phases().last(), Some(&Phase::Failed), "{statement}: {journey}");
        assert!(journey.message().contains(said), "{statement}: {journey}");
        job.delete().await.unwrap();
    }
    let left = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '^flyte_[^s]'";
    assert_eq!(database.value::<i64>(left, &[]).await, 0);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM late", &[]).await, 0);
}

#[tokio::test]
async fn creates_of_one_attempt_are_one_job() {
    let database = database_or_skip!();
    let task = database.task("insert into effects select from pg_sleep(0.2)");
    let job = postgres().create(&task).await.unwrap();
    // The claim is free again, and twenty creates of the same attempt want it at the same moment.
    job.delete().await.unwrap();
    let again = try_join_all((0..20).map(|_| job.create_again())).await.unwrap();
    for other in &again {
        assert_eq!(other.resource_meta(), job.resource_meta());
    }
    let journeys = try_join_all(again.iter().map(|job| job.run())).await.unwrap();
    for journey in journeys {
        assert_eq!(journey.phases().last(), Some(&Phase::Succeeded), "{journey}");
    }
    // Nor does one that comes when all is over start anything, or find the statement wrong by now.
    database.execute("ALTER TABLE effects RENAME TO was_effects").await;
    job.create_again().await.unwrap().run().await.unwrap().assert_phases([Phase::Succeeded]);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM was_effects", &[]).await, 1);
}

#[tokio::test]
async fn a_delete_stops_the_statement() {
    let database = database_or_skip!();
    // It even ignores what would interrupt it.
    let stubborn = "do $$ begin loop begin perform pg_sleep(60); exception when query_canceled \
                    then null; end; end loop; end $$";
    let job = postgres().create(&database.task(stubborn)).await.unwrap();
    database.until_active(1).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    job.delete().await.unwrap();
    assert_eq!(database.sessions().await, 0, "a cancel that was answered is done");
    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Aborted]);
    job.delete().await.unwrap();
    let unknown = postgres().job(&database.task("select 1"), database.meta("flyte_x"));
    unknown.delete().await.unwrap();
    assert_eq!(unknown.get().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_delete_at_any_moment_stops_it_or_comes_too_late() {
    let database = database_or_skip!();
    let postgres = postgres();
    let brief = database.task("insert into effects select from pg_sleep(0.05)");
    let endless = database.task("insert into effects select from pg_sleep(60)");
    let hasty = (0..20).map(|turn| {
        let (postgres, task) = (&postgres, if turn < 3 { &endless } else { &brief });
        async move {
            let job = postgres.create(task).await.unwrap();
            // From "before it has begun" to "when it is about to end".
            tokio::time::sleep(Duration::from_millis(turn * 5)).await;
            job.delete().await.unwrap();
            job.run().await.unwrap()
        }
    });
    let journeys = join_all(hasty).await;
    database.until_idle().await;
    let ended = |phase| journeys.iter().filter(|seen| seen.phases() == [phase]).count();
    let (succeeded, aborted) = (ended(Phase::Succeeded), ended(Phase::Aborted));
    assert_eq!(succeeded + aborted, journeys.len(), "{journeys:?}");
    assert!(aborted >= 3, "the endless ones, at least");
    assert_eq!(database.effects().await, i64::try_from(succeeded).unwrap());
}

#[tokio::test]
async fn a_session_that_dies_is_a_lost_job_and_the_next_attempt_works() {
    let database = database_or_skip!();
    let task = database.task(&format!("insert into effects select from {WAIT}"));
    database.hold().await;
    let job = postgres().create(&task).await.unwrap();
    database.until_active(1).await;
    // So that the shared session dies with it.
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    database.end_sessions().await;
    database.until_idle().await;
    // Until the news has come that the shared session is gone, too; a server asks again as well.
    let mut tries = 0;
    let journey = loop {
        match job.run().await {
            Ok(journey) => break journey,
            Err(error) => assert_eq!(error.kind().as_str(), "transient", "{error}"),
        }
        tries += 1;
        assert!(tries < 1_000, "a session that is gone is not opened anew");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    journey.assert_phases([Phase::RetryableFailed]);
    database.release().await;
    let next = job.next_attempt().await.unwrap().run().await.unwrap();
    assert_eq!(next.phases().last(), Some(&Phase::Succeeded), "{next}");
    assert_eq!(job.get().await.unwrap().phase, Phase::RetryableFailed, "once lost, always lost");
    assert_eq!(database.effects().await, 1);
}

#[tokio::test]
async fn who_has_lost_the_row_leaves_nothing() {
    let database = database_or_skip!();
    let task = database.task(&format!("insert into effects select from {WAIT}"));
    database.hold().await;
    let job = postgres().create(&task).await.unwrap();
    database.until_active(1).await;
    // A cancel whose second half has never come: the session lives, and another takes its place.
    database.execute("UPDATE flyte_statements SET state = 'cancelled'").await;
    let told = job.get().await.unwrap();
    assert_eq!(
        (told.phase, told.message.as_str()),
        (Phase::Running, "the statement is being cancelled")
    );
    job.create_again().await.unwrap();
    database.until_active(1).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    database.release().await;
    database.until_idle().await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Succeeded);
    assert_eq!(database.effects().await, 1);
}

#[tokio::test]
async fn a_new_attempt_ends_the_one_before() {
    let database = database_or_skip!();
    let job = postgres().create(&database.task("select pg_sleep(60)")).await.unwrap();
    let next = job.next_attempt().await.unwrap();
    job.run().await.unwrap().assert_phases([Phase::Aborted]);
    assert_eq!(next.get().await.unwrap().phase, Phase::Running);
    next.delete().await.unwrap();
    database.until_idle().await;
}

#[tokio::test]
async fn many_jobs_are_one_question() {
    let database = database_or_skip!();
    let postgres = postgres();
    let fails = database.task("select 1 / 0 as x");
    let failed = postgres.create(&fails).await.unwrap();
    failed.run().await.unwrap();
    let done = postgres.create(&database.task("select 1 as x")).await.unwrap();
    done.run().await.unwrap();
    let unknown = postgres.job(&fails, database.meta("flyte_x"));
    let stranger = postgres.job(
        &database.task_with("select 1", "nobody", "a wrong one"),
        done.resource_meta().clone(),
    );
    let answers = postgres.get_many(&[&failed, &unknown, &stranger, &done]).await.unwrap();
    let seen: Vec<String> = answers
        .iter()
        .map(|answer| match answer {
            Ok(resource) => resource.phase.as_str().to_owned(),
            Err(error) => error.kind().as_str().to_owned(),
        })
        .collect();
    assert_eq!(seen, ["FAILED", "not_found", "unauthenticated", "SUCCEEDED"]);
}

#[tokio::test]
async fn a_wrong_way_to_the_server_is_told_without_the_password() {
    let database = database_or_skip!();
    let statement = "select 1 as x";
    let host = |host| database.task(statement).custom("host", host);
    let nowhere = database.task(statement).custom("database", "nowhere");
    let cases = [
        (database.task_with(statement, "postgres", "swordfish"), "unauthenticated"),
        (nowhere, "permanent"),
        (database.task(statement).custom("port", 1), "transient"),
        (host("/var/run/postgresql"), "invalid_task"),
        (host("nowhere.invalid"), "transient"),
    ];
    for (task, kind) in cases {
        let error = postgres().create(&task).await.unwrap_err();
        assert_eq!(error.kind().as_str(), kind, "{error}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("swordfish") && !told.contains("hunter2"), "{told}");
    }
    // The shared session of who has the right password is not for who has not.
    let postgres = postgres();
    let job = postgres.create(&database.task(statement)).await.unwrap();
    job.run().await.unwrap();
    let impostor =
        postgres.job(&host("127.0.0.1").secret("password", "x"), job.resource_meta().clone());
    assert_eq!(impostor.get().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn the_operators_password_goes_where_it_may() {
    let database = database_or_skip!();
    let task = database.task("select 1 as x").secret("password", "");
    let here = format!("127.0.0.1:{}", database.port());
    for (hosts, works) in [(here.as_str(), true), ("127.0.0.1", true), ("127.0.0.1:1", false)] {
        let variables = [("SECRET__PASSWORD", PASSWORD), ("SECRET_HOSTS", hosts)];
        let variables = variables
            .map(|(name, value)| (format!("CONNECTOR__POSTGRES_SQL__{name}"), value.to_owned()));
        let registry = Registry::builder()
            .variables(variables)
            .register(Postgres::new(&Settings::default()).unwrap());
        let lent = Harness::of(registry.build().await.unwrap()).poll_every(POLL);
        match lent.create(&task).await {
            Ok(job) => {
                let journey = job.run().await.unwrap();
                assert!(works && journey.phases().ends_with(&[Phase::Succeeded]), "{journey}");
            }
            Err(error) => assert!(!works && error.kind() == ErrorKind::Permanent, "{error}"),
        }
    }
}
