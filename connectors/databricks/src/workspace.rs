//! A Databricks workspace: the host that a task, or the operator, names.
//! Everything that is sent anywhere is sent to one of these, so what is no host ends here.

use connector_core::prelude::*;
use connector_http::Url;

/// The host of a workspace, such as `myorg.cloud.databricks.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workspace(String);

impl Workspace {
    /// Reads a host, with or without `https://` in front and a slash behind, as people copy it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is no host.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let bare = text.trim();
        let bare = bare.strip_prefix("https://").unwrap_or(bare).trim_end_matches('/');
        let host = Url::parse(&format!("https://{bare}/")).ok().and_then(|url| {
            let is_host =
                url.path() == "/" && url.username().is_empty() && url.password().is_none();
            let is_host = is_host && url.query().is_none() && url.fragment().is_none();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{}{port}", url.host_str()?)).filter(|_| is_host)
        });
        host.map(Self).ok_or_else(|| {
            ConnectorError::invalid_task(
                "the Databricks instance is no host; write it as `myorg.cloud.databricks.com`",
            )
        })
    }

    /// Host, and port if it has one.
    pub(crate) fn host(&self) -> &str {
        &self.0
    }

    /// A URL of the workspace.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: there is none, which no workspace that was read can come to.
    pub(crate) fn url(&self, path: &[&str]) -> Result<Url> {
        let mut url = Url::parse(&format!("https://{}/", self.0)).or_permanent("no URL")?;
        url.path_segments_mut()
            .map_err(|()| ConnectorError::permanent("no path"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::Workspace;

    #[test]
    fn a_host_however_it_was_copied() {
        for text in [
            "myorg.cloud.databricks.com",
            " https://myorg.cloud.databricks.com/ ",
            "MyOrg.cloud.databricks.com",
        ] {
            assert_eq!(Workspace::read(text).unwrap().host(), "myorg.cloud.databricks.com");
        }
        assert_eq!(Workspace::read("127.0.0.1:8443").unwrap().host(), "127.0.0.1:8443");
        let url = Workspace::read("a.example").unwrap().url(&["oidc", "v1", "token"]).unwrap();
        assert_eq!(url.as_str(), "https://a.example/oidc/v1/token");
    }

    #[test]
    fn what_is_no_host_is_not_repeated() {
        for text in [
            "",
            "user:hunter2@a.example",
            "a.example/hunter2",
            "a.example?hunter2",
            "a.example#hunter2",
            "http://hunter2",
            "a b",
            "a.example:port",
        ] {
            let error = Workspace::read(text).unwrap_err();
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }
}
