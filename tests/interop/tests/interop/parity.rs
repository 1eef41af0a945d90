//! The wire types of this project against the descriptors inside the official package: no difference.
//! Needs the virtual environment, but no server.

use std::path::Path;
use std::process::Stdio;

use interop_tests::parity;
use interop_tests::venv::Venv;
use prost::Message as _;
use prost_types::FileDescriptorSet;

#[test]
fn descriptors_equal_those_of_the_official_package() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "descriptor parity") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("official.bin");
    let status =
        venv.script("dump_descriptors.py").arg(&file).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "dump_descriptors.py: {status}");

    let official = FileDescriptorSet::decode(std::fs::read(&file).unwrap().as_slice()).unwrap();
    let ours = FileDescriptorSet::decode(connector_service::pb::FILE_DESCRIPTOR_SET).unwrap();
    // An empty set would equal another empty one.
    assert!(parity::facts(&official, &parity::ROOTS).len() > 100);
    assert_eq!(parity::differences(&ours, &official), Vec::<String>::new());
}
