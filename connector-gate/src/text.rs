//! Texts that travel: cut to what proxies let through and Kubernetes objects can hold.
//! The rules cut what is said of a job, and a service cuts the errors it answers with.
//! What a text says is not decided here.

/// How long a text may be that is sent to people: an error, or the message of a job's state.
///
/// An error travels percent-encoded in a header, and proxies give all headers of an answer 4 KiB by
/// default; the messages of jobs end in the same Kubernetes objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimit {
    encoded: usize,
}

impl TextLimit {
    /// What stock proxies let through beside the other headers of an answer: 3.5 KiB.
    pub const DEFAULT_BYTES: usize = 3_584;
    /// The shortest limit: less has no room for the beginning of a text and for saying that it was cut.
    pub const LEAST_BYTES: usize = 256;

    /// At most so many bytes once percent-encoded, but at least [`TextLimit::LEAST_BYTES`].
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self { encoded: if bytes < Self::LEAST_BYTES { Self::LEAST_BYTES } else { bytes } }
    }

    /// Cuts a text that stands in the log as a whole.
    #[must_use]
    pub fn capped(self, text: String) -> String {
        self.cut(text, " ... (cut; the whole text is in the connector server's log)")
    }

    /// Cuts a text that is nowhere else.
    #[must_use]
    pub fn shortened(self, text: String) -> String {
        self.cut(text, " ... (cut)")
    }

    fn cut(self, mut text: String, end: &str) -> String {
        // No byte becomes longer than three by being encoded, and none shorter.
        if text.len() <= self.encoded / 3 {
            return text;
        }
        if text.len() <= self.encoded && encoded_length(&text) <= self.encoded {
            return text;
        }
        let mut room = self.encoded.saturating_sub(encoded_length(end));
        let kept = text.char_indices().take_while(|(_, c)| {
            let taken = encoded_length(c.encode_utf8(&mut [0; 4]));
            let fits = taken <= room;
            room = room.saturating_sub(taken);
            fits
        });
        let kept = kept.last().map_or(0, |(at, c)| at + c.len_utf8());
        text.truncate(kept);
        // A text of megabytes would hold its room as long as it is remembered.
        text.shrink_to(kept + end.len());
        text + end
    }
}

impl Default for TextLimit {
    fn default() -> Self {
        Self::new(Self::DEFAULT_BYTES)
    }
}

/// The length of a text once it is percent-encoded for the `grpc-message` trailer.
fn encoded_length(text: &str) -> usize {
    let travels_as_is = |byte: u8| byte.is_ascii_graphic() && !b"\"#%<>`?{}".contains(&byte);
    text.bytes().map(|byte| if travels_as_is(byte) { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

    use super::TextLimit;

    /// What gRPC libraries encode, see the specification of gRPC over HTTP/2; some encode less.
    const SET: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'`')
        .add(b'?')
        .add(b'{')
        .add(b'}');

    fn encoded(text: &str) -> usize {
        utf8_percent_encode(text, SET).to_string().len()
    }

    #[test]
    fn long_texts_are_cut_where_proxies_end() {
        for bytes in [TextLimit::LEAST_BYTES, TextLimit::DEFAULT_BYTES, 100_000] {
            let limit = TextLimit::new(bytes);
            let short = "x".repeat(bytes);
            assert_eq!(limit.capped(short.clone()), short);
            let long = ["x".repeat(bytes + 1), "é".repeat(bytes), " ".repeat(1 << 20)];
            for long in long.into_iter().chain([format!("a b {}", "🦀\n".repeat(bytes))]) {
                for (text, end) in [
                    (limit.capped(long.clone()), "connector server's log)"),
                    (limit.shortened(long.clone()), " ... (cut)"),
                ] {
                    assert!(text.ends_with(end), "{text}");
                    let most = bytes - 12..=bytes;
                    assert!(most.contains(&encoded(&text)), "{} of {bytes}", encoded(&text));
                    assert!(text.capacity() < 2 * bytes);
                    let (kept, _) = text.split_once(" ... (cut").unwrap();
                    assert!(long.starts_with(kept));
                }
            }
        }
    }

    #[test]
    fn no_limit_leaves_no_room_at_all() {
        assert_eq!(TextLimit::new(0), TextLimit::new(TextLimit::LEAST_BYTES));
        assert!(TextLimit::new(0).capped("x".repeat(1_000)).starts_with("xxxx"));
    }
}
