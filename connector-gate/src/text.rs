//! Texts that travel: cut to what HTTP/2 trailers and Kubernetes objects can hold.
//!
//! The rules cut what they say about a job, and a service cuts the errors it answers with.

/// The longest error text sent. It travels in HTTP/2 trailers and ends up in Kubernetes objects.
const MAX_TEXT: usize = 4 * 1024;
/// The longest error text once percent-encoded: C-based clients refuse trailers from 8 KiB on.
const MAX_ENCODED: usize = 7 * 1024;

/// Cuts a text so that it always fits into trailers. The whole text should be in the log.
#[must_use]
pub fn capped(text: String) -> String {
    cut(text, CUT)
}

/// The same for a text that is nowhere else.
#[must_use]
pub fn shortened(text: String) -> String {
    cut(text, " ... (cut)")
}

fn cut(text: String, end: &str) -> String {
    if text.len() <= MAX_TEXT && encoded_length(&text) <= MAX_ENCODED {
        return text;
    }
    let room = MAX_TEXT.saturating_sub(end.len());
    let encoded_room = MAX_ENCODED.saturating_sub(encoded_length(end));
    let mut encoded = 0;
    let kept: String = text
        .char_indices()
        .take_while(|(at, c)| {
            encoded += encoded_length(c.encode_utf8(&mut [0; 4]));
            at + c.len_utf8() <= room && encoded <= encoded_room
        })
        .map(|(_, c)| c)
        .collect();
    kept + end
}

const CUT: &str = " ... (cut; the whole text is in the connector server's log)";

/// The length of a text once it is percent-encoded for the `grpc-message` trailer.
fn encoded_length(text: &str) -> usize {
    let travels_as_is = |byte: u8| byte.is_ascii_graphic() && !b"\"#%<>`?{}".contains(&byte);
    text.bytes().map(|byte| if travels_as_is(byte) { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests {
    use super::{CUT, MAX_ENCODED, MAX_TEXT, capped, encoded_length};

    #[test]
    fn long_texts_are_cut_where_trailers_end() {
        let short = "x".repeat(MAX_TEXT);
        assert_eq!(capped(short.clone()), short);
        for long in ["x".repeat(MAX_TEXT + 1), "é".repeat(MAX_TEXT), " ".repeat(1 << 20)] {
            let text = capped(long);
            assert!(text.ends_with(CUT));
            assert!(text.len() <= MAX_TEXT && encoded_length(&text) <= MAX_ENCODED);
            assert!(text.len() > 2_000, "kept too little: {}", text.len());
        }
    }
}
