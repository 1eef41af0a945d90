//! The wire types of Flyte 1 against the descriptors inside the official package: no difference.

use interop_tests::parity;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The services from which everything is reached.
const ROOTS: [&str; 3] = [
    "flyteidl.service.AsyncAgentService",
    "flyteidl.service.SyncAgentService",
    "flyteidl.service.AgentMetadataService",
];

#[test]
fn descriptors_equal_those_of_the_official_package() {
    let what = "descriptor parity with Flyte 1";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("official.bin");
    let status = venv.script("dump_agent_descriptors.py").arg(&file).status().unwrap();
    assert!(status.success(), "dump_agent_descriptors.py: {status}");

    let official = FileDescriptorSet::decode(std::fs::read(&file).unwrap().as_slice()).unwrap();
    let ours = FileDescriptorSet::decode(connector_service::pb::FILE_DESCRIPTOR_SET).unwrap();
    // An empty set would equal another empty one.
    let (facts_of_theirs, facts_of_ours) =
        (parity::facts(&official, &ROOTS), parity::facts(&ours, &ROOTS));
    assert!(facts_of_theirs.len() > 400, "{}", facts_of_theirs.len());
    let missing: Vec<_> = facts_of_theirs.difference(&facts_of_ours).collect();
    let extra: Vec<_> = facts_of_ours.difference(&facts_of_theirs).collect();
    assert_eq!((missing, extra), (Vec::new(), Vec::new()));
}
