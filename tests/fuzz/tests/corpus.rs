//! The committed corpus is what `make_corpus` writes, and stays small.

use fuzz_tests::corpus::Corpus;
use fuzz_tests::entries;

#[test]
fn the_corpus_is_what_make_corpus_writes() {
    for (target, mut made) in entries::all() {
        made.sort_by(|one, other| one.name.cmp(&other.name));
        let corpus = Corpus::of(target);
        let committed: Vec<_> = corpus.made().collect();
        let advice = "run `cargo run -p fuzz-tests --bin make_corpus`";
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
