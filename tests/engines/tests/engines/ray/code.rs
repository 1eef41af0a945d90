//! Code that comes with a task, and where a task may have it run.

use std::path::Path;
use std::process::Command;

use connector_core::pb::task_execution::Phase;
use connector_http::Method;
use engine_tests::server::Server;
use engine_tests::until;
use serde_json::json;

use super::{Place, SOON};

/// Writes an archive of those files, and prints it in base64.
const PACK: &str = "import base64, sys, zipfile\n\
    with zipfile.ZipFile(sys.argv[1], 'w') as archive:\n\
    \x20   for file in sys.argv[2:]: archive.writestr(*file.split('=', 1))\n\
    print(base64.encodebytes(open(sys.argv[1], 'rb').read()).decode())";

fn packed(archive: &Path, files: &[&str]) -> String {
    let python = Command::new("python3").args(["-c", PACK]).arg(archive).args(files).output();
    let python = python.expect("Python");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    String::from_utf8(python.stdout).expect("base64")
}

/// Whether the cluster has archives of that name, which it cannot list: those that came with tasks of this test.
async fn status(place: &Place, uri: &str) -> u16 {
    let name = uri.strip_prefix("gcs://").expect("an archive of the cluster");
    let path = format!("/api/packages/gcs/{name}");
    place.ray.asked(Method::GET, &path, None).await.unwrap().0
}

#[tokio::test]
async fn a_task_brings_its_code_and_the_cluster_forgets_it_afterwards() {
    let Some(place) = Place::shared().await else { return };
    let said = place.file().file_name().unwrap().to_string_lossy().into_owned();
    let files = [
        "job.py=import lib.words; print(lib.words.SAID)",
        &format!("lib/words.py=SAID = '{said}'"),
    ];
    let zip = packed(&place.file(), &files);
    // The second comes when the first one's archive is gone.
    for _ in 0..2 {
        let (task, mark) = place.task("python job.py", json!({"working_dir_zip": zip}));
        let job = task.create(&place.server).await.unwrap();
        // While it is there, as Ray says itself.
        let (_, record) = place.record(&job).await;
        let uri = record["runtime_env"]["working_dir"].as_str().unwrap_or_default().to_owned();
        assert_eq!(status(&place, &uri).await, 200, "{record}");
        job.until(&place.server, &[Phase::Succeeded], SOON).await;
        let log = job.log(&place.server).await.unwrap();
        assert_eq!(log.last(), Some(&said), "{log:#?}");
        place.is_over(&job, &mark).await;
    }
}

#[tokio::test]
async fn an_archive_by_address_is_read_by_ray_itself() {
    let Some(place) = Place::shared().await else { return };
    let archive = place.file().with_extension("zip");
    packed(&archive, &["code/job.py=print('from the address')"]);
    let env = json!({"working_dir": format!("file://{}", archive.display())});
    let (task, mark) = place.task("python job.py", json!({"runtime_env": env}));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
    let log = job.log(&place.server).await.unwrap();
    // Its one folder is left out, which it is not of an archive that comes with the task.
    assert_eq!(log.last().map(String::as_str), Some("from the address"), "{log:#?}");
    place.is_over(&job, &mark).await;
}

#[tokio::test]
async fn what_is_no_archive_fails_before_ray_is_asked() {
    let Some(place) = Place::shared().await else { return };
    let zip = packed(&place.file(), &["a=b"]);
    let cut = &zip[..zip.len() / 2 / 4 * 4];
    let two = json!({"working_dir_zip": zip, "runtime_env": {"working_dir": "s3://b/code.zip"}});
    for (settings, says) in [
        (json!({"working_dir_zip": cut}), "a part of one"),
        (json!({"working_dir_zip": "code.zip"}), "base64"),
        (two, "two working directories"),
    ] {
        let (task, _) = place.task("true", settings);
        let job = task.create(&place.server).await.unwrap();
        let failed = job.until(&place.server, &[Phase::Failed], SOON).await;
        assert!(failed.message.contains(says), "{failed:?}");
    }
}

#[tokio::test]
async fn a_task_names_the_operators_cluster_or_an_allowed_one() {
    let Some(mut place) = Place::shared().await else { return };
    let address = place.ray.address();
    let own = ("CONNECTOR__RAY_JOB__ADDRESS", address.as_str());
    place.server = Server::start(&[own, ("CONNECTOR__RAY_JOB__ALLOWED_HOSTS", "*.corp.example")]);
    let at = |address: &str| json!({"address": address});
    let (task, mark) = place.task("true", at(&address));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
    place.is_over(&job, &mark).await;
    // The same machine by another name.
    let other = address.replace("127.0.0.1", "localhost");
    let (task, _) = place.task("true", at(&other));
    let refused = task.create(&place.server).await.unwrap();
    let refused = refused.until(&place.server, &[Phase::Failed], SOON).await;
    let says =
        "`localhost` is not called: it is none of those in CONNECTOR__RAY_JOB__ALLOWED_HOSTS";
    assert!(refused.message.contains(says), "{refused:?}");

    place.server = Server::start(&[("CONNECTOR__RAY_JOB__ALLOWED_HOSTS", "localhost")]);
    let (task, mark) = place.task("true", at(&other));
    let job = task.create(&place.server).await.unwrap();
    let is = async || {
        let resource = job.get(&place.server).await.ok()?;
        (resource.phase() == Phase::Succeeded).then_some(())
    };
    until("a job at an allowed cluster", SOON, is).await;
    place.is_over(&job, &mark).await;
    // Without any list, what hands out the credentials of clouds is not called.
    place.server = Server::start(&[own]);
    let (task, _) = place.task("true", at("http://169.254.169.254"));
    let refused = task.create(&place.server).await.unwrap();
    let refused = refused.until(&place.server, &[Phase::Failed], SOON).await;
    assert!(refused.message.contains("hand out credentials"), "{refused:?}");
}
