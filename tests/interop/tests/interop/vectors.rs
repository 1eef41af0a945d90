//! The committed vectors of resource metadata are what the official SDK makes today.
//! The Rust encoder is tested against the same file, in the crate that holds it.

use std::path::Path;
use std::process::Stdio;

use interop_tests::venv::Venv;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/resource_meta.jsonl");

#[test]
fn resource_meta_vectors_are_what_the_official_sdk_writes() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "resource metadata vectors") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resource_meta.jsonl");
    let status = venv
        .script("make_resource_meta_vectors.py")
        .arg(&file)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "make_resource_meta_vectors.py: {status}");

    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    let made = std::fs::read_to_string(&file).unwrap();
    assert!(committed.lines().count() >= 200);
    for (number, (committed, made)) in committed.lines().zip(made.lines()).enumerate() {
        assert_eq!(committed, made, "line {}", number + 1);
    }
    assert_eq!(committed.lines().count(), made.lines().count());
}
