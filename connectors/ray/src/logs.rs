//! A job's log in pages. Ray gives it in one piece, which has been seen to be 30 MB, so a page is cut out of it here; a
//! token is the byte at which its page begins.

use connector_core::prelude::*;
use futures_util::stream;

/// Lines of a page where the caller leaves their number open.
const LINES: usize = 2_000;
/// The most of a page, in bytes; a line alone may be longer.
const MOST_BYTES: usize = 1024 * 1024;

/// Where a page begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Position(usize);

impl Position {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no such page.
    pub(crate) fn read(token: &str) -> Result<Self> {
        match token {
            "" => Ok(Self(0)),
            token => token.parse().map(Self).map_err(|_| no_page(token)),
        }
    }
}

fn no_page(token: &str) -> ConnectorError {
    ConnectorError::invalid_task(format!("there is no log page {token:?}"))
}

/// What is answered: one page where the caller says how many lines it takes, else all pages, each as it is taken.
/// `heading` is the last that Ray itself has written into the log.
pub(crate) fn answer(text: String, heading: &str, at: Position, most: Option<u64>) -> Logs {
    let own = text.find(heading).map_or(0, |begin| begin + heading.len());
    match most {
        Some(most) => {
            let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
            page(&text, own, at, most).0.into()
        }
        None => Logs::stream(stream::unfold(Some(at), move |at| {
            let next = at.map(|at| {
                let (page, next) = page(&text, own, at, LINES);
                (Ok(page), next)
            });
            std::future::ready(next)
        })),
    }
}

/// The page that begins there, and where the next one does.
fn page(text: &str, own: usize, at: Position, most: usize) -> (LogPage, Option<Position>) {
    // The log of another day may be shorter, and a token may be anybody's: the next whole line is found.
    let begin = (at.0.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at));
    let (begin, mut lines) = (begin.unwrap_or(text.len()), Vec::new());
    let mut end = begin;
    for line in text.get(begin..).unwrap_or_default().split_inclusive('\n') {
        if lines.len() == most || (end > begin && end - begin + line.len() > MOST_BYTES) {
            break;
        }
        let shown = line.trim_end_matches(['\n', '\r']);
        lines.push(match end < own {
            true => LogLine::system(None, shown),
            false => LogLine::user(None, shown),
        });
        end += line.len();
    }
    let next = Some(Position(end)).filter(|_| end < text.len());
    (LogPage::new(lines).next_token(next.map(|next| next.0.to_string())), next)
}

#[cfg(test)]
mod tests {
    use connector_core::logs::LogOriginator;
    use connector_core::prelude::*;
    use futures_util::{FutureExt as _, StreamExt as _};

    use super::{Position, answer};

    const LOG: &str =
        "Runtime env is setting up.\nRunning entrypoint for job 1: a\nb\none\ntwö\r\nthree";
    const HEADING: &str = "Running entrypoint for job 1: a\nb\n";

    fn pages(text: &str, at: Position, most: Option<u64>) -> Vec<LogPage> {
        let pages = answer(text.to_owned(), HEADING, at, most).into_pages();
        pages.map(Result::unwrap).collect::<Vec<_>>().now_or_never().unwrap()
    }

    #[test]
    fn pages_go_through_the_log_and_tell_ray_from_the_command() {
        let (mut at, mut seen) = (Position::default(), Vec::new());
        loop {
            let page = pages(LOG, at, Some(2)).remove(0);
            assert!(page.lines.len() <= 2);
            seen.extend(page.lines.into_iter().map(|line| (line.message, line.originator)));
            let Some(token) = page.next_token else { break };
            at = Position::read(&token).unwrap();
        }
        let system = ["Runtime env is setting up.", "Running entrypoint for job 1: a", "b"];
        let system = system.map(|line| (line.to_owned(), LogOriginator::System));
        let user = ["one", "twö", "three"].map(|line| (line.to_owned(), LogOriginator::User));
        assert_eq!(seen, [system, user].concat());
        let whole = pages(LOG, Position::default(), None);
        assert_eq!((whole.len(), whole[0].lines.len()), (1, 6));
    }

    #[test]
    fn a_large_log_is_cut_and_nothing_of_it_is_lost() {
        let text = format!("{}\n", "x".repeat(700)).repeat(10_000) + &"y".repeat(3_000_000);
        let pages = pages(&text, Position::default(), None);
        let lines: Vec<&LogLine> = pages.iter().flat_map(|page| &page.lines).collect();
        assert_eq!((lines.len(), lines[10_000].message.len()), (10_001, 3_000_000));
        assert!(pages.iter().all(|page| page.lines.len() <= 2_000));
        assert!(pages.last().unwrap().next_token.is_none());
    }

    #[test]
    fn a_page_that_is_none_is_refused_or_empty() {
        for token in ["x", "-1", "1.0", "99999999999999999999"] {
            assert_eq!(Position::read(token).unwrap_err().kind(), ErrorKind::InvalidTask);
        }
        let behind = Position::read("9999").unwrap();
        assert_eq!(pages(LOG, behind, Some(5)), [LogPage::new([])]);
        let within = LOG.find('ö').unwrap() + 1;
        assert_eq!(pages(LOG, Position(within), Some(1))[0].lines[0].message, "");
        assert_eq!(pages("", Position::default(), None), [LogPage::new([])]);
    }
}
