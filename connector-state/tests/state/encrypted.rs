//! TLS to the state's PostgreSQL, whose certificate an authority of the test has signed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connector_gate::state_store::StateStore as _;
use connector_state::{Address, Settings, Store};
use futures_util::future::join_all;
use postgres_tests::{Authority, Engine, PASSWORD};

use crate::database::{Database, attempt, won};

fn settings(url: &str) -> Settings {
    let password = |name: &str| (name == "PGPASSWORD").then(|| PASSWORD.to_owned());
    Settings::new(Address::parse(url, password).unwrap()).time_out(Duration::from_secs(20))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_states_postgresql_must_be_who_it_says() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let Some(engine) = Engine::encrypted(&ours.certificate("localhost")) else { return };
    let database = Database::on(Arc::new(engine)).await;
    let Database::Postgres { engine, name } = &database else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let url = |host: &str, mode: &str, authority: Option<(&str, &Authority)>| {
        let url = format!("postgres://postgres@{host}:{}/{name}?sslmode={mode}", engine.port());
        let Some((file, authority)) = authority else { return url };
        let file = folder.path().join(file);
        fs::write(&file, authority.pem()).unwrap();
        format!("{url}&sslrootcert={}", Path::new(&file).display())
    };

    let trusted = Some(("ours.pem", &ours));
    let store = Store::open(settings(&url("localhost", "verify-full", trusted))).await.unwrap();
    won(store.claim(&attempt("a")).await);
    let encrypted: bool = database
        .admin()
        .await
        .query_one(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = 'connector-server state'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert!(encrypted);

    // `verify-ca` leaves the name out, and nothing else.
    Store::open_required(
        settings(&url("127.0.0.1", "verify-ca", trusted)),
        Duration::from_secs(20),
    )
    .await
    .unwrap();
    let strangers = Some(("theirs.pem", &theirs));
    let refused = [
        ("localhost", "verify-full", strangers, "signed by no authority that is trusted here"),
        ("localhost", "verify-ca", strangers, "signed by no authority that is trusted here"),
        ("localhost", "require", strangers, "signed by no authority that is trusted here"),
        ("localhost", "verify-full", None, "signed by no authority that is trusted here"),
        ("127.0.0.1", "verify-full", trusted, "is for another host"),
    ];
    join_all(refused.map(async |(host, mode, authority, said)| {
        let settings = settings(&url(host, mode, authority));
        // It tries for so long, and tells the last reason.
        let why = Store::open_required(settings, Duration::from_secs(5)).await.unwrap_err();
        assert!(why.contains(said), "{host} {mode}: {why}");
        assert!(!why.contains(PASSWORD), "{why}");
    }))
    .await;
}
