//! How code comes to Spark: with the task, as an archive; by an address that the worker fetches; from the workers' disks.

use std::fs;
use std::path::Path;
use std::process::Command;

use connector_core::pb::task_execution::Phase;
use engine_tests::jobs::Attempt;
use engine_tests::spark::Spark;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{EXECUTORS, SOON, TYPE, beat, jar, nothing_is_left, python, server, small};

/// A program that has executors do what a module of its own says.
const MAIN: &str = "import os
from pathlib import Path

from pyspark.sql import SparkSession

from helper import twice

print('beside it', sorted(os.listdir('.')), Path('words.txt').read_text().strip())
context = SparkSession.builder.getOrCreate().sparkContext
print('executors say', context.parallelize([1, 2, 3], 2).map(twice).collect())
";

const HELPER: &str = "def twice(number):\n    return 2 * number\n";

/// Writes those files, and gives a zip archive of them, in base64.
fn zipped(spark: &Spark, folder: &Path, files: &[(&str, &[u8])]) -> String {
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let program = "import base64, io, os, sys, zipfile\nos.chdir(sys.argv[1])\nfile = io.BytesIO()\n\
                   with zipfile.ZipFile(file, 'w') as archive:\n    for name in os.listdir('.'):\n        archive.write(name)\n\
                   print(base64.b64encode(file.getvalue()).decode())";
    let output = Command::new(spark.python()).args(["-c", program]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn what_comes_with_the_task_is_there_for_the_program_and_its_executors() {
    let _turn = EXECUTORS.lock().await;
    let Some(spark) = Spark::shared().await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let folder = tempfile::tempdir().unwrap();
    // More than one variable of the environment may be long.
    let mut noise = 1_u32;
    let mut step = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    };
    let ballast: Vec<u8> = (0..300_000).map(|_| step()).collect();
    let files: [(&str, &[u8]); 4] = [
        ("main.py", MAIN.as_bytes()),
        ("helper.py", HELPER.as_bytes()),
        ("words.txt", b"hello\n"),
        ("ballast.bin", &ballast),
    ];
    let archive = zipped(&spark, folder.path(), &files);
    for program in [json!({"application": "main.py"}), json!({ "script": MAIN })] {
        let mut custom = small(&spark, program);
        custom["working_dir_zip"] = archive.clone().into();
        let job = Attempt::of(TYPE, custom).create(&server).await.unwrap();
        job.until(&server, &[Phase::Succeeded], SOON).await;
        let log = job.log(&server).await.unwrap();
        let beside = "beside it ['ballast.bin', 'helper.py', 'main.py', 'words.txt'] hello";
        for line in [beside, "executors say [2, 4, 6]"] {
            assert!(log.iter().any(|it| it == line), "{line}: {log:#?}");
        }
        let part = archive.get(..60).unwrap();
        assert!(!log.iter().any(|line| line.contains(part)), "the archive is in no log");
    }
    nothing_is_left(&spark, &beat).await;
}

#[tokio::test]
async fn modules_on_the_workers_are_there_for_executors() {
    let _turn = EXECUTORS.lock().await;
    let Some(spark) = Spark::shared().await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let module = spark.folder().join("helper.py");
    fs::write(&module, HELPER).unwrap();
    let script = "from pyspark.sql import SparkSession\nfrom helper import twice\n\
                  context = SparkSession.builder.getOrCreate().sparkContext\n\
                  print('executors say', context.parallelize([1, 2], 2).map(twice).collect())\n";
    let custom = small(&spark, json!({"script": script, "py_files": [module]}));
    let job = Attempt::of(TYPE, custom).create(&server).await.unwrap();
    job.until(&server, &[Phase::Succeeded], SOON).await;
    let log = job.log(&server).await.unwrap();
    assert!(log.contains(&"executors say [2, 4]".to_owned()), "{log:#?}");
    nothing_is_left(&spark, &beat).await;
}

/// Serves the files of a folder by HTTP, and gives where.
async fn served(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder.to_path_buf();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let some = caller.read(&mut asked).await.unwrap_or_default();
            let line = String::from_utf8_lossy(&asked[..some]).into_owned();
            let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
            let body = fs::read(folder.join(path)).unwrap_or_default();
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            // Whoever has hung up has what it wanted.
            drop(caller.write_all(&[head.into_bytes(), body].concat()).await);
        }
    });
    address
}

#[tokio::test]
async fn workers_fetch_what_is_named_by_its_address() {
    let _turn = EXECUTORS.lock().await;
    let Some(spark) = Spark::shared().await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let address = served(&spark.folder()).await;
    for (mut custom, file, says) in [
        (python(&spark, "query", &beat), "app.py", "the sum is 499500"),
        (jar(&spark, "quick", &beat), "job.jar", "done"),
    ] {
        custom["application"] = format!("{address}/{file}").into();
        let job = Attempt::of(TYPE, custom).create(&server).await.unwrap();
        job.until(&server, &[Phase::Succeeded], SOON).await;
        let log = job.log(&server).await.unwrap();
        assert!(log.contains(&says.to_owned()), "{log:#?}");
    }
    nothing_is_left(&spark, &beat).await;
}
