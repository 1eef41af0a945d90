//! Where a system is that users run themselves: a host, and a path where it stands behind a gateway.
//! Connectors of such systems read it from a task or a setting; whatever is sent goes below one of these.

use connector_core::{ConnectorError, Result, Settings};
use reqwest::Url;

use crate::Reach;

/// The address of a system, such as `https://airflow.example.com` or `http://10.0.0.7:8081/flink`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads an address that `name` told, such as `custom.url`.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::InvalidTask`]: it is no `http` or `https` URL, or has parts that no
    /// address has. It is not repeated, as it may hold a password.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        let url = Url::parse(text.trim()).ok().filter(|url| {
            let is_bare = url.username().is_empty() && url.password().is_none();
            let is_bare = is_bare && url.query().is_none() && url.fragment().is_none();
            is_bare && matches!(url.scheme(), "http" | "https") && url.has_host()
        });
        url.map(Self).ok_or_else(|| {
            ConnectorError::invalid_task(format!(
                "{name} is no address; write it as `https://HOST` or `http://HOST:PORT`, without user, \
                 password and query"
            ))
        })
    }

    /// The operator's, which the setting `url` names; `None` where it is not set.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: it is no address, as with [`BaseUrl::read`].
    pub fn of_operator(settings: &Settings) -> Result<Option<Self>> {
        let url = settings.get("url").map(|url| Self::read(&settings.variable("url"), url));
        url.transpose().map_err(|error| ConnectorError::permanent(error.message()))
    }

    /// That of a task: the one in its `custom.url`, or else the operator's. `system` is what is called there.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::InvalidTask`]: neither is there, or the task's is no address, as with
    /// [`BaseUrl::read`].
    pub fn of_task(
        named: Option<&str>,
        operators: Option<&Self>,
        system: &str,
        settings: &Settings,
    ) -> Result<Self> {
        match (named.filter(|url| !url.is_empty()), operators) {
            (Some(url), _) => Self::read("`custom.url`", url),
            (None, Some(url)) => Ok(url.clone()),
            (None, None) => Err(ConnectorError::invalid_task(format!(
                "nobody says where {system} is: give the task a `url`, or have the operator set {}",
                settings.variable("url")
            ))),
        }
    }

    /// The same, where tasks may name it: it is the operator's, or within `reach`. `system` is what is called there.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: it is neither.
    pub fn within(self, reach: &Reach, operators: Option<&Self>, system: &str) -> Result<Self> {
        if operators != Some(&self) {
            reach.check(system, &self.0)?;
        }
        Ok(self)
    }

    /// The URL of that path below it, each part escaped.
    #[must_use]
    pub fn url(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        // What was read has a host, and so a path.
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        url
    }

    /// Host, and port if it names one, as a secret's hosts are written.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address, in one spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{ErrorKind, Settings};

    use super::BaseUrl;
    use crate::Reach;

    #[test]
    fn paths_go_below_it_and_are_escaped() {
        for (text, is) in [
            ("https://a.example", "https://a.example/api/v2/x%2Fy%3F%23"),
            (" http://10.0.0.7:8081/below/ ", "http://10.0.0.7:8081/below/api/v2/x%2Fy%3F%23"),
        ] {
            let base = BaseUrl::read("`url`", text).unwrap();
            assert_eq!(base.url(&["api", "v2", "x/y?#"]).as_str(), is);
            assert_eq!(BaseUrl::read("`url`", base.as_str()).unwrap().url(&[]), base.url(&[]));
        }
        let base = BaseUrl::read("`url`", "http://[::1]:8081/x/").unwrap();
        assert_eq!(
            (base.authority().as_str(), base.as_str()),
            ("[::1]:8081", "http://[::1]:8081/x")
        );
    }

    #[test]
    fn a_task_names_the_operators_or_an_allowed_one() {
        let base = |text| BaseUrl::read("`url`", text).unwrap();
        let listed = [("CONNECTOR__FLINK_JOB__ALLOWED_HOSTS", "*.corp.example")];
        let listed = listed.map(|(name, list)| (name.to_owned(), list.to_owned()));
        let listed = Settings::from_variables("flink_job", listed);
        let own = base("http://169.254.7.7:8081/");
        for (settings, url, is_allowed) in [
            (&listed, "https://a.corp.example", true),
            (&listed, "https://a.other.example", false),
            (&listed, "http://169.254.7.7:8081", true),
            (&listed, "http://169.254.7.7:8082", false),
            (&Settings::default(), "https://a.other.example", true),
            (&Settings::default(), "http://169.254.169.254", false),
        ] {
            let reach = Reach::from_settings(settings).unwrap();
            let named = base(url).within(&reach, Some(&own), "Flink");
            assert_eq!(named.is_ok(), is_allowed, "{url}: {named:?}");
            let Err(error) = named else { continue };
            assert_eq!(error.kind(), ErrorKind::Permanent);
            assert!(error.message().starts_with("Flink's host `"), "{error}");
            assert!(error.message().contains("ALLOWED_HOSTS"), "{error}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_repeated() {
        for text in [
            "",
            "hunter2",
            "ftp://hunter2",
            "http://user:hunter2@a.example",
            "http://hunter2@a.example",
            "http://a.example?hunter2",
            "http://a.example/#hunter2",
        ] {
            let error = BaseUrl::read("`custom.url`", text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().starts_with("`custom.url` is no address"), "{error}");
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }
}
