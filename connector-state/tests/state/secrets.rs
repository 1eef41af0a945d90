//! The password is in no text, whatever goes wrong.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_state::{Address, Settings, Store};
use postgres_tests::PASSWORD;

use crate::database::{Database, attempt, won};
use connector_gate::state_store::StateStore as _;

const WRONG: &str = "hunter2-is-wrong";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_password_is_in_no_text() {
    let Some(database) = Database::postgres().await else { return };
    let log = Log::default();
    let into = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || into.clone()).finish();
    // While there is but one subscriber, what another test's thread comes to first is noted as seen by nobody.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _logging = tracing::subscriber::set_default(subscriber);
    let port = database.engine().port();
    let mut said = String::new();
    for url in [
        format!("postgres://postgres:{WRONG}@127.0.0.1:{port}/postgres"),
        format!("postgres://postgres:{WRONG}@127.0.0.1:1/postgres"),
        format!("postgres://postgres:{WRONG}@127.0.0.1:{port}/postgres?sslmode=require"),
    ] {
        let settings = Settings::new(Address::parse(&url, |_| None).unwrap());
        said += &format!("{settings:?} {}", settings.address);
        let store = Store::open(settings.clone()).await.unwrap();
        assert!(!store.readings().is_up, "{url}");
        said += &format!("{store:?} {:?}", store.readings());
        said += &Store::open_required(settings, Duration::from_millis(300)).await.unwrap_err();
    }
    said += &log.text();
    assert!(!said.contains(WRONG), "{said}");
    for told in ["is away", "authentication failed", "refused", "TLS"] {
        assert!(said.contains(told), "`{told}` is not in: {said}");
    }
    assert_eq!(log.text().lines().count(), 3, "one line for each: {}", log.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_may_come_from_a_file() {
    let Some(database) = Database::postgres().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pass");
    fs::write(&file, format!("127.0.0.1:*:*:postgres:{PASSWORD}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let Address::Postgres(access) = database.address() else { unreachable!() };
    let variable = |name: &str| (name == "PGPASSFILE").then(|| file.display().to_string());
    let address = Address::parse(&access.to_string(), variable).unwrap();
    let settings = Settings::new(address).time_out(Duration::from_secs(20));
    won(Store::open(settings).await.unwrap().claim(&attempt("a")).await);
}
