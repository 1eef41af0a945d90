//! A vendor's no: what it says, and the kind of error it is. One place for every connector.
//! `request` reads answers that are no success through here; a connector's dialect has the last word.

use std::time::Duration;

use connector_core::{ConnectorError, ErrorKind};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, SERVER};
use serde_json::Value;

use crate::hidden::Hidden;
use crate::retry_after::retry_after;

/// The longest text of a vendor that is passed on.
const MOST_TEXT: usize = 1_024;

/// An answer that is no success.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal<'a> {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as JSON; `null` if it is none.
    pub body: &'a Value,
    /// The body as text, for vendors that say no in words.
    pub text: &'a str,
}

/// How a vendor says no: what its refusals mean, as far as they say more than their status.
pub type Dialect = fn(&Refusal<'_>) -> Reading;

/// What a dialect reads in a refusal.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The vendor's own code, such as `rateLimitExceeded`.
    pub code: Option<String>,
    /// The vendor's text for people.
    pub message: Option<String>,
    /// The number under which the vendor's support finds the call.
    pub request_id: Option<String>,
    /// What kind of error it is, where the status does not tell.
    pub kind: Option<ErrorKind>,
}

/// What a status means where nobody says more.
fn kind_of(status: StatusCode, wait: Option<Duration>) -> ErrorKind {
    match status.as_u16() {
        401 | 407 => ErrorKind::Unauthenticated,
        404 | 410 => ErrorKind::NotFound,
        408 | 421 | 423 | 425 | 429 | 500.. => ErrorKind::Transient { retry_after: wait },
        413..=415 => ErrorKind::InvalidTask,
        _ => ErrorKind::Permanent,
    }
}

/// Those that hold for the moment come from what stands before a vendor, such as a proxy that wants somebody to
/// sign in: no word about the job.
fn kind_of_redirect(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        302 | 303 | 307 => ErrorKind::Transient { retry_after: None },
        _ => ErrorKind::Permanent,
    }
}

/// The error that a refusal is. Nothing is hidden in the body any more; headers may quote as well.
pub(crate) fn error(
    vendor: &str,
    dialect: Dialect,
    (status, headers, body): (StatusCode, &HeaderMap, &[u8]),
    hidden: &Hidden,
) -> ConnectorError {
    // Before it is cut: the half of a secret is found nowhere.
    let short = |text: &str, most| match hidden.clean(text) {
        Some(clean) => short(&clean, most),
        None => short(text, most),
    };
    let wait = retry_after(headers);
    if status.is_redirection() {
        return ConnectorError::new(
            kind_of_redirect(status),
            format!(
                "{vendor} answered {status}, a redirect, which is not followed: a credential would go \
                 along; give the address it leads to, or see what stands in between"
            ),
        );
    }
    if is_page(headers, body) {
        // Whoever writes pages is no API: the status is that of something in between.
        let who = headers.get(SERVER).and_then(|server| server.to_str().ok());
        let who = who.map(|server| format!(" ({})", short(server, 64))).unwrap_or_default();
        return ConnectorError::new(
            ErrorKind::Transient { retry_after: wait },
            format!("a proxy{who} between here and {vendor} answered {status} with an HTML page"),
        );
    }
    let json = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = String::from_utf8_lossy(body);
    let reading = dialect(&Refusal { status, headers, body: &json, text: &text });
    let kind = match reading.kind {
        // The header tells when, the dialect that.
        Some(ErrorKind::Transient { retry_after: None }) => {
            ErrorKind::Transient { retry_after: wait }
        }
        Some(kind) => kind,
        None => kind_of(status, wait),
    };
    let mut text = format!("{vendor} answered {status}");
    if let Some(code) = &reading.code {
        text.push_str(&format!(" ({})", short(code, 128)));
    }
    let said = reading.message.filter(|said| !said.trim().is_empty());
    let said = said.or_else(|| {
        let body = String::from_utf8_lossy(body);
        Some(body.trim().to_owned()).filter(|body| !body.is_empty())
    });
    if let Some(said) = said {
        text.push_str(&format!(": {}", short(said.trim(), MOST_TEXT)));
    }
    if let Some(id) = reading.request_id.or_else(|| request_id(headers)) {
        text.push_str(&format!(" [request {}]", short(&id, 128)));
    }
    ConnectorError::new(kind, text)
}

/// Whether an answer is a page for people.
pub(crate) fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let html = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.trim_start().starts_with("text/html"));
    let start = String::from_utf8_lossy(body.get(..64).unwrap_or(body)).trim_start().to_lowercase();
    html || start.starts_with("<!doctype html") || start.starts_with("<html")
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let names =
        ["x-request-id", "x-databricks-request-id", "x-goog-request-id", "x-amzn-requestid"];
    let id = names.into_iter().find_map(|name| headers.get(name))?;
    Some(id.to_str().ok()?.to_owned())
}

/// A text of bounded length, in one piece.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{} ... ({} bytes cut)", text.get(..end).unwrap_or_default(), text.len() - end)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::ErrorKind;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Hidden, Reading, error};
    use crate::hidden::KnownForms;

    fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> (ErrorKind, String) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let dialect = |refusal: &super::Refusal<'_>| Reading {
            code: refusal.body["code"].as_str().map(str::to_owned),
            message: refusal.body["message"].as_str().map(str::to_owned),
            kind: (refusal.body["code"] == "slow_down")
                .then_some(ErrorKind::Transient { retry_after: None }),
            ..Reading::default()
        };
        let mut hidden = Hidden::default();
        hidden.add(KnownForms::default().of("the-secret-of-acme"));
        let error = error("Acme", dialect, (status, &headers, body.as_bytes()), &hidden);
        (error.kind(), error.message().to_owned())
    }

    #[test]
    fn statuses_have_kinds() {
        let transient = ErrorKind::Transient { retry_after: None };
        for (status, kind) in [
            (400, ErrorKind::Permanent),
            (401, ErrorKind::Unauthenticated),
            (403, ErrorKind::Permanent),
            (404, ErrorKind::NotFound),
            (408, transient),
            (409, ErrorKind::Permanent),
            (413, ErrorKind::InvalidTask),
            (429, transient),
            (500, transient),
            (503, transient),
            (599, transient),
            (301, ErrorKind::Permanent),
            (302, transient),
            (303, transient),
            (307, transient),
            (308, ErrorKind::Permanent),
        ] {
            assert_eq!(refused(status, &[], "").0, kind, "{status}");
        }
    }

    #[test]
    fn the_dialect_has_the_last_word_and_the_header_says_when() {
        let body = r#"{"code": "slow_down", "message": "too many"}"#;
        let (kind, text) = refused(403, &[("retry-after", "7"), ("x-request-id", "r-1")], body);
        assert_eq!(kind, ErrorKind::Transient { retry_after: Some(Duration::from_secs(7)) });
        assert_eq!(text, "Acme answered 403 Forbidden (slow_down): too many [request r-1]");
    }

    #[test]
    fn a_page_becomes_a_sentence() {
        let page = "<!DOCTYPE html><html><body>Bad gateway, said nginx</body></html>";
        let (kind, text) = refused(404, &[("server", "nginx/1.27")], page);
        assert_eq!(kind, ErrorKind::Transient { retry_after: None }, "the job is not gone");
        assert_eq!(
            text,
            "a proxy (nginx/1.27) between here and Acme answered 404 Not Found with an HTML page"
        );
    }

    #[test]
    fn headers_are_cleaned_before_they_are_cut() {
        let long = format!("{}the-secret-of-acme", "x".repeat(55));
        let (_, text) = refused(502, &[("content-type", "text/html"), ("server", &long)], "");
        assert!(text.contains("x***)") && !text.contains("the-sec"), "{text}");
        let (_, text) = refused(400, &[("x-request-id", "r-the-secret-of-acme")], "no");
        assert_eq!(text, "Acme answered 400 Bad Request: no [request r-***]");
    }

    #[test]
    fn long_texts_are_cut() {
        let (_, text) = refused(400, &[], &"é".repeat(10_000));
        assert!(text.len() < 1_200 && text.contains("bytes cut"), "{text}");
    }
}
