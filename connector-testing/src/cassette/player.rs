//! Which recorded answer a request gets: equal requests get theirs in the order of the file.
//! `server` asks it during a replay; what it cannot answer becomes a complaint.

use super::comparison::{Comparison, short, told};
use super::content::Content;
use super::file::{Exchange, Recording, Request, Response};

/// The exchanges of a file, and which of them have been given.
#[derive(Debug)]
pub(super) struct Player {
    exchanges: Vec<Exchange>,
    is_given: Vec<bool>,
    comparison: Comparison,
}

impl Player {
    pub(super) fn new(recording: Recording, comparison: Comparison) -> Self {
        let is_given = vec![false; recording.exchanges.len()];
        Self { exchanges: recording.exchanges, is_given, comparison }
    }

    /// The answer, or what to complain about.
    pub(super) fn answer(&mut self, asked: &Request) -> Result<Response, String> {
        let mut last = None;
        let mut times = 0;
        for (exchange, is_given) in self.exchanges.iter().zip(&mut self.is_given) {
            if !self.comparison.is_same(&exchange.request, asked) {
                continue;
            }
            times += 1;
            last = Some(&exchange.response);
            if !std::mem::replace(is_given, true) {
                return Ok(exchange.response.clone());
            }
        }
        match last {
            // There may be more polls than were recorded: the job stays as it was seen last.
            Some(last) if matches!(asked.method.as_str(), "GET" | "HEAD") => Ok(last.clone()),
            Some(_) => Err(format!(
                "{} {} came more often than it was recorded\n  asked: {}\n  recorded: {times} \
                 time(s)\n  help: only GET and HEAD are answered again with what was recorded last; \
                 {}",
                asked.method,
                asked.path,
                told(&asked.content),
                record_again()
            )),
            None => Err(self.unknown(asked)),
        }
    }

    /// The exchanges nobody has asked for.
    pub(super) fn unasked(&self) -> Vec<String> {
        let all = self.exchanges.iter().zip(&self.is_given).enumerate();
        let left = all.filter(|(_, (_, is_given))| !**is_given);
        left.map(|(at, (exchange, _))| {
            let Request { method, path, content } = &exchange.request;
            let body = match content {
                Content::Empty => String::new(),
                content => format!(" with {}", told(content)),
            };
            format!("exchange {}, {method} {path}{body}, was never asked for", at + 1)
        })
        .collect()
    }

    fn unknown(&self, asked: &Request) -> String {
        let nearest = match self.nearest(asked) {
            Some((number, nearest)) => {
                let Request { method, path, content } = &nearest.request;
                let mut lines = vec![format!("exchange {}, {method} {path}", number + 1)];
                if *method == asked.method && self.comparison.is_same_path(path, &asked.path) {
                    lines.extend(self.comparison.differences(content, &asked.content));
                }
                lines.join("\n    ")
            }
            None => "nothing, the file has no exchanges".to_owned(),
        };
        format!(
            "{} {} was not recorded\n  asked: {}\n  nearest: {nearest}\n  help: {}, or leave what \
             changes from run to run out of the comparison with `ignore`",
            asked.method,
            short(&asked.path),
            told(&asked.content),
            record_again()
        )
    }

    /// The exchange that looks most like it.
    fn nearest(&self, asked: &Request) -> Option<(usize, &Exchange)> {
        let likeness = |(_, exchange): &(usize, &Exchange)| {
            let recorded = &exchange.request;
            let is_same_path = self.comparison.is_same_path(&recorded.path, &asked.path);
            let letters = recorded.path.chars().zip(asked.path.chars());
            let in_common = letters.take_while(|(one, other)| one == other).count();
            let differences = self.comparison.differences(&recorded.content, &asked.content);
            let alike = std::cmp::Reverse(differences.len());
            (is_same_path, recorded.method == asked.method, in_common, alike)
        };
        // The first of equals: `max_by_key` would give the last.
        self.exchanges.iter().enumerate().rev().max_by_key(likeness)
    }
}

fn record_again() -> String {
    format!("record again with {}=1, or write the exchange into the file by hand", super::RECORD)
}
