//! The committed corpus is what `entries` makes, the same at every run, and stays small.
//! `BLESS=1 cargo test -p fuzz-tests corpus` writes it anew; regressions are not touched.

use fuzz_tests::corpus::{self, Corpus};
use fuzz_tests::entries;

#[test]
fn the_corpus_is_what_entries_makes() {
    let bless = std::env::var_os("BLESS").is_some();
    for (target, mut made) in entries::all() {
        if bless {
            corpus::write(target, &made).unwrap_or_else(|error| panic!("{target}: {error}"));
        }
        made.sort_by(|one, other| one.name.cmp(&other.name));
        let corpus = Corpus::of(target);
        let committed: Vec<_> = corpus.made().collect();
        let advice = "`BLESS=1 cargo test -p fuzz-tests corpus` writes it anew";
        assert_eq!(committed, made.iter().collect::<Vec<_>>(), "{target}: {advice}");
    }
}

#[test]
fn the_corpus_is_small() {
    let all = entries::all();
    let entries = all.iter().flat_map(|(target, _)| Corpus::of(target).entries().to_vec());
    let (count, bytes) =
        entries.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.bytes.len()));
    assert!(count < 200, "{count} files");
    assert!(bytes < 300_000, "{bytes} bytes");
}
