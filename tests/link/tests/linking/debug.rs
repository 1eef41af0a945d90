//! Every case, with binaries as `cargo test` builds them.
//! `release` repeats the two that the optimizer could spoil.
//! Building is cargo's business; nothing here knows how it was done.

use crate::server::{self, run, serve};

const LINKED: &str = env!("CARGO_BIN_EXE_linked");
const HALF: &str = env!("CARGO_BIN_EXE_half");
const UNLINKED: &str = env!("CARGO_BIN_EXE_unlinked");
const DUPLICATE: &str = env!("CARGO_BIN_EXE_duplicate");

#[test]
fn named_crates_are_served() {
    server::check_linked(LINKED.as_ref());
}

#[test]
fn a_binary_that_names_no_crate_refuses_to_start() {
    server::check_unlinked(UNLINKED.as_ref());
}

#[test]
fn a_crate_that_is_not_named_is_not_served() {
    assert_eq!(run(HALF.as_ref(), &["list"]).rows(), ["Link A Connector  link_a (1)"]);
    // Nothing tells this binary from one that was meant to hold one connector.
    assert_eq!(serve(HALF.as_ref(), &[]).code, Some(0));
}

#[test]
fn an_expected_connector_that_is_not_linked_stops_the_start() {
    // Where only the version is another, nothing was misspelled.
    let meant = "; did you mean link_a?";
    for (expected, meant) in [("link_b", meant), ("link_b@2", meant), ("link_a@7", "")] {
        let refused = serve(HALF.as_ref(), &["--expect", expected]);
        assert_eq!(refused.code, Some(1), "{expected}: {refused:?}");
        assert_eq!(refused.stdout, "", "{expected} was missed too late");
        let first_line = format!(
            "error: the expected connector {expected} is not linked into this binary; \
             linked are: link_a (1){meant}"
        );
        assert_eq!(refused.stderr.lines().next(), Some(first_line.as_str()));
        assert!(refused.stderr.contains("`use my_connectors as _;`"), "{refused:?}");
    }
    for expected in ["link_a", "link_a@1"] {
        let served = serve(HALF.as_ref(), &["--expect", expected]);
        assert_eq!(served.code, Some(0), "{expected}: {served:?}");
    }
}

#[test]
fn two_connectors_of_one_task_type_and_version_are_both_pointed_at() {
    let places = [
        place("connector_a/src/lib.rs", include_str!("../../connector_a/src/lib.rs")),
        place("src/bin/duplicate.rs", include_str!("../../src/bin/duplicate.rs")),
    ];
    for refused in [run(DUPLICATE.as_ref(), &["list"]), serve(DUPLICATE.as_ref(), &[])] {
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert_eq!(refused.stdout, "", "refused too late");
        let first_line = "error: Duplicate connector for task type: link_a and version: 1";
        assert_eq!(refused.stderr.lines().next(), Some(first_line));
        for place in &places {
            let named = refused.stderr.lines().any(|line| line.ends_with(place));
            assert!(named, "{place} is missing: {refused:?}");
        }
    }
}

/// The file and the line of its `#[connector(…)]`.
fn place(file: &str, source: &str) -> String {
    let above = source.lines().take_while(|line| !line.starts_with("#[connector("));
    format!("{file}:{}", above.count() + 1)
}
