//! The same requests to the binary of this project and to the official Python server.
//! Both run connectors of the same behaviour; whatever is not in the table below must be equal.
//! An entry that no longer differs fails as well, so that the table stays true.

use std::path::Path;

use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::Server;
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;

const INTENDED: &[Intended] = &[];

#[test]
fn both_servers_answer_alike() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "the differential test") else { return };
    let drive = |server: interop_tests::Result<Server>| {
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        Transcript::of_differential(&venv, &server).unwrap_or_else(|error| panic!("{error}"))
    };
    let theirs = drive(Server::python(&venv));
    let ours = drive(Server::rust(target));

    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, INTENDED);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
