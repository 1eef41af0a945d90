//! "Did you mean …": the known word that is closest to one that is not known.
//! For whoever tells people of a slip: task types, environment variables.

/// The closest of the known words, if one is close.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let close = known.into_iter().filter_map(|other| Some((distance(word, other)?, other)));
    close.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// How far apart two words are, if a slip of the fingers or a word left out may lie between.
fn distance(word: &str, other: &str) -> Option<usize> {
    let (word, other) = (word.to_ascii_lowercase(), other.to_ascii_lowercase());
    let slips = strsim::osa_distance(&word, &other);
    let shorter = word.chars().count().min(other.chars().count());
    // One letter in three, but a beginning alone will do as well.
    let is_slip = slips <= (shorter / 3).max(1);
    let is_part = shorter >= 3 && (word.starts_with(&other) || other.starts_with(&word));
    (is_slip || is_part).then_some(slips)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_and_beginnings_are_close_and_other_words_are_not() {
        let known = ["bigquery", "batch_job", "databricks", "spark"];
        for (word, found) in [
            ("bigqurey", Some("bigquery")),
            ("batch-job", Some("batch_job")),
            ("batch", Some("batch_job")),
            ("BigQuery", Some("bigquery")),
            ("sparks", Some("spark")),
            ("snowflake", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), found, "{word}");
        }
        assert_eq!(nearest("spark", []), None);
    }
}
