//! TLS to a PostgreSQL whose certificate an authority of the test has signed.

use std::path::Path;
use std::sync::Arc;

use connector_core::{Phase, Settings};
use connector_postgres::Postgres;
use connector_testing::Harness;
use postgres_tests::{Authority, Engine};

use crate::calls::POLL;
use crate::database::Database;

fn postgres(authorities: &Path) -> Harness {
    let settings = [("sslrootcert", authorities.display().to_string())];
    Harness::new(Postgres::new(&Settings::from_iter(settings)).unwrap()).poll_every(POLL)
}

#[tokio::test]
async fn a_server_must_be_who_it_says() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let Some(engine) = Engine::encrypted(&ours.certificate("localhost")) else { return };
    let database = Database::on(Arc::new(engine)).await;
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = [("ours", ours), ("theirs", theirs)].map(|(name, authority)| {
        let file = folder.path().join(name);
        std::fs::write(&file, authority.pem()).unwrap();
        file
    });
    let task = |host: &str, mode: &str| {
        let statement = "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()";
        database.task(statement).custom("host", host).custom("sslmode", mode)
    };
    // By default, too, it must be the right server.
    for (mode, encrypted) in
        [("verify-full", true), ("", true), ("prefer", true), ("disable", false)]
    {
        let job = postgres(&ours).create(&task("localhost", mode)).await.unwrap();
        let journey = job.run().await.unwrap();
        assert!(journey.phases().ends_with(&[Phase::Succeeded]), "{mode}: {journey}");
        let table: String = journey.output("table").unwrap();
        let ssl: bool = database.value(&format!("SELECT ssl FROM {table}"), &[]).await;
        assert_eq!(ssl, encrypted, "{mode}");
    }
    let by_address = postgres(&ours).create(&task("127.0.0.1", "verify-ca")).await.unwrap();
    assert!(by_address.run().await.unwrap().phases().ends_with(&[Phase::Succeeded]));
    for (host, authorities, said) in [
        ("localhost", &theirs, "signed by no authority that is trusted here"),
        ("127.0.0.1", &ours, "is for another host: connect by a name that is in it"),
    ] {
        let error = postgres(authorities).create(&task(host, "verify-full")).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "permanent", "{error}");
        assert!(error.message().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_about() {
    let Some(database) = Database::new().await else { return };
    let task = database.task("select 1 as x").custom("sslmode", "");
    let plain = Harness::new(Postgres::new(&Settings::default()).unwrap());
    let error = plain.create(&task).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "permanent", "{error}");
    assert!(error.message().contains("the server speaks no TLS: have it do so"), "{error}");
}
