//! Writes the committed corpus, the same at every run: `cargo run -p fuzz-tests --bin make_corpus`.
//! Run it after a change in `entries`; a test says when it was forgotten.
//! Regressions are not touched.

use std::process::ExitCode;

use fuzz_tests::{corpus, entries};

fn main() -> ExitCode {
    for (target, entries) in entries::all() {
        if let Err(error) = corpus::write(target, &entries) {
            eprintln!("error: {target}: {error}");
            return ExitCode::FAILURE;
        }
        println!("{target}: {} entries", entries.len());
    }
    ExitCode::SUCCESS
}
