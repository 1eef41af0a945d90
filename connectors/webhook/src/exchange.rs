//! The request of one task, with its inputs filled in.

use connector_core::prelude::*;
use connector_http::{HeaderName, HttpClient, Request, Url};
use serde_json::{Map, Value};

use crate::config::WebhookTask;
use crate::placeholders::Inputs;
use crate::python_text;

/// Headers that say how a message is cut and to whom it goes: they follow from URL and body, and one that
/// says otherwise could smuggle in a second request.
const OWN: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A part of a header's name that tells that its value is a secret.
const SECRET: [&str; 8] =
    ["auth", "cookie", "credential", "key", "password", "secret", "signature", "token"];

/// A request, filled in.
pub(crate) struct Exchange {
    posts: bool,
    url: Url,
    /// As the task wrote it.
    shown_url: String,
    headers: Vec<(HeaderName, String)>,
    data: Value,
}

impl Exchange {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: what the task says makes no request.
    pub(crate) fn of(task: &WebhookTask, inputs: &DynamicInputs) -> Result<Self> {
        let posts = match task.method.to_ascii_uppercase().as_str() {
            "POST" => true,
            "GET" => false,
            _ => {
                return Err(ConnectorError::invalid_task(format!(
                    "`custom.method` is {:?}; it must be `GET` or `POST`",
                    task.method
                )));
            }
        };
        let inputs = Inputs::of(inputs)?;
        let text = python_text::text(&inputs.fill_text(&task.url)?);
        let (url, shown_url) = read_url(&text)?;
        let headers =
            task.headers.iter().flatten().map(|(name, value)| header(name, &inputs.fill(value)?));
        let headers = headers.collect::<Result<_>>()?;
        let data = task.data.as_ref().filter(|data| !data.is_null());
        let data = data.map_or_else(|| Ok(Map::new().into()), |data| inputs.fill(data))?;
        let mut exchange = Self { posts, url, shown_url, headers, data };
        if !posts {
            exchange.put_data_into_the_query()?;
        }
        Ok(exchange)
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// The URL as the task wrote it, without a password.
    pub(crate) fn shown_url(&self) -> &str {
        &self.shown_url
    }

    pub(crate) const fn data(&self) -> &Value {
        &self.data
    }

    /// The request. What its headers keep secret is hidden in the answer.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: a header cannot have its value.
    pub(crate) fn request(&self, http: &HttpClient) -> Result<Request> {
        let mut request = match self.posts {
            true => http.post(self.url.clone()).json(&self.data)?,
            false => http.get(self.url.clone()),
        };
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value)?;
            if SECRET.iter().any(|part| name.as_str().contains(part)) {
                request = request.hiding(value);
                // Behind the scheme.
                if let Some((_, credential)) = value.split_once(' ') {
                    request = request.hiding(credential);
                }
            }
        }
        if let Some(password) = self.url.password() {
            request = request.hiding(password);
        }
        Ok(request)
    }

    /// A list comes once for each item.
    fn put_data_into_the_query(&mut self) -> Result<()> {
        let Value::Object(members) = &self.data else {
            return Err(ConnectorError::invalid_task(
                "`custom.data` of a GET must be an object: it becomes the query",
            ));
        };
        if members.is_empty() {
            return Ok(());
        }
        let mut query = self.url.query_pairs_mut();
        for (name, value) in members {
            match value {
                Value::Array(items) => items.iter().for_each(|item| {
                    query.append_pair(name, &in_query(item));
                }),
                value => {
                    query.append_pair(name, &in_query(value));
                }
            }
        }
        Ok(())
    }
}

/// The URL, and how it is shown.
fn read_url(text: &str) -> Result<(Url, String)> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // Not repeated: it may hold a secret.
    let url = url.filter(Url::has_host).ok_or_else(|| {
        ConnectorError::invalid_task(
            "`custom.url`, with its inputs filled in, is no URL; write it as `https://HOST/PATH`",
        )
    })?;
    let mut shown = url.clone();
    let shown = match url.password() {
        Some(_) if shown.set_password(Some("***")).is_ok() => shown.into(),
        _ => text.to_owned(),
    };
    Ok((url, shown))
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, String)> {
    let read = HeaderName::from_bytes(name.as_bytes())
        .or_invalid_task(&format!("`custom.headers` has {name:?}, which is no name of a header"))?;
    if OWN.contains(&read.as_str()) {
        return Err(ConnectorError::invalid_task(format!(
            "`custom.headers` has {name:?}, which follows from the URL and the data; leave it out"
        )));
    }
    Ok((read, python_text::text(value)))
}

/// As httpx writes it: true and false as in JSON, nothing for `None`, the rest as Python's `str`.
fn in_query(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        value => python_text::text(value),
    }
}
