//! Whether code leaves resident memory, as the kernel counts it. A binary of its own with one test: others
//! at the same time would bring theirs back.
#![cfg(target_os = "linux")]

use procfs::process::{MMPermissions, MMapPath, Process};

/// Resident bytes of the code of this program.
fn resident() -> u64 {
    let process = Process::myself().unwrap();
    let program = MMapPath::Path(process.exe().unwrap());
    let maps = process.smaps().unwrap().into_iter();
    let code =
        maps.filter(|map| map.pathname == program && map.perms.contains(MMPermissions::EXECUTE));
    code.map(|map| map.extension.map["Rss"]).sum()
}

#[test]
fn code_that_has_run_leaves_and_what_runs_comes_back() {
    let before = resident();
    let let_go = connector_resident::forget_start().unwrap();
    let after = resident();
    assert!(
        after < before,
        "{before} bytes were resident, and {after} are after {let_go} were let go of"
    );
    assert!(let_go >= before, "{let_go} of {before}");
}
