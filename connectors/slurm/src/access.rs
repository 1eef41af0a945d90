//! Whose key a call is made with, and what the operator's environment says. Variables of the environment go
//! before what a task says: the operator's key is everybody's, so no task may say where it is used.

use std::env;

use connector_core::prelude::*;

use crate::config::LoginNode;
use crate::ssh::{HostKeys, Login};

/// The secrets that a task, or the operator, may have.
#[derive(Debug, Default, TaskConnection)]
pub struct Access {
    /// The private key of the user that jobs run as: the text of a key file without a passphrase.
    #[secret]
    pub(crate) ssh_private_key: Option<Secret>,
    /// The known hosts' lines, as `ssh-keyscan` prints them.
    #[secret]
    pub(crate) known_hosts_data: Option<Secret>,
    /// The private key as operators of Flyte 1 lend it, for its tasks.
    #[secret]
    pub(crate) flyte_slurm_private_key: Option<Secret>,
}

impl Access {
    /// The access of tasks of Flyte 1.
    pub(crate) fn of_flyte_1(&self) -> Self {
        let Self { ssh_private_key, known_hosts_data, flyte_slurm_private_key } = self;
        let ssh_private_key = ssh_private_key.clone().or_else(|| flyte_slurm_private_key.clone());
        let known_hosts_data = known_hosts_data.clone();
        Self { ssh_private_key, known_hosts_data, flyte_slurm_private_key: None }
    }

    /// What the operator lends, for calls that bring no connection.
    pub(crate) fn of_operator(settings: &Settings) -> Self {
        let [ssh_private_key, known_hosts_data, flyte_slurm_private_key] =
            ["ssh_private_key", "known_hosts_data", "flyte_slurm_private_key"]
                .map(|name| settings.secret(name));
        Self { ssh_private_key, known_hosts_data, flyte_slurm_private_key }
    }
}

/// The largest output that is carried, where the operator says nothing.
const MOST_CARRIED: u64 = 100 * 1024 * 1024;

/// The operator's variables `FLYTE_SLURM_…`.
#[derive(Default)]
pub(crate) struct Environment {
    host: Option<String>,
    port: Option<u16>,
    username: Option<String>,
    key: Option<String>,
    known_hosts: Option<String>,
    pub(crate) working_dir: Option<String>,
    skip_host_key_verification: bool,
    /// In bytes; `None` for any size.
    pub(crate) most_carried: Option<u64>,
}

// Without the key.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Environment {
    /// # Errors
    /// [`ErrorKind::Permanent`]: a variable cannot be what it says.
    pub(crate) fn of_process() -> Result<Self> {
        Self::read(|name| env::var(name).ok())
    }

    /// # Errors
    /// As [`Environment::of_process`].
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| {
            let value = variable(&format!("FLYTE_SLURM_{name}"));
            value.filter(|value| !value.trim().is_empty())
        };
        let port = get("PORT").map(|text| {
            text.trim().parse::<u16>().map_err(|_| {
                ConnectorError::permanent(format!(
                    "FLYTE_SLURM_PORT={text:?} is no port: it must be a number from 1 to 65535"
                ))
            })
        });
        let skip = get("SKIP_HOST_KEY_VERIFICATION").unwrap_or_default().to_ascii_lowercase();
        let most_carried = get("CONNECTOR_UPLOAD_MAX_BYTES").map(|text| size(&text)).transpose()?;
        Ok(Self {
            host: get("HOST"),
            port: port.transpose()?,
            username: get("USERNAME"),
            key: get("SSH_PRIVATE_KEY"),
            known_hosts: get("KNOWN_HOSTS"),
            working_dir: get("WORKING_DIR"),
            skip_host_key_verification: matches!(skip.as_str(), "1" | "true" | "yes"),
            most_carried: most_carried.unwrap_or(Some(MOST_CARRIED)),
        })
    }

    /// The login of a task that is to be created.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: nobody says where. [`ErrorKind::Unauthenticated`]: there is no key.
    pub(crate) fn login(&self, task: &LoginNode, access: &Access) -> Result<Login> {
        self.login_at(self.place(task)?, access)
    }

    /// Where a task's job is created.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: nobody says where.
    pub(crate) fn place(&self, task: &LoginNode) -> Result<Place> {
        let told = |own: &Option<String>, of_task: &Option<String>| {
            own.clone().or_else(|| of_task.clone()).filter(|text| !text.is_empty())
        };
        let host = told(&self.host, &task.host);
        let (Some(host), Some(username)) = (host, told(&self.username, &task.username)) else {
            return Err(ConnectorError::invalid_task(
                "Missing Slurm connection details. Set `host` and `username` on the Slurm config, or set \
                 FLYTE_SLURM_HOST and FLYTE_SLURM_USERNAME on the connector.",
            ));
        };
        if task.skip_host_key_verification == Some(true) && !self.skip_host_key_verification {
            tracing::warn!(
                "a task asks not to verify host keys, which is left aside: only \
                 FLYTE_SLURM_SKIP_HOST_KEY_VERIFICATION of the operator does that"
            );
        }
        let port = self.port.or(task.port).filter(|port| *port != 0).unwrap_or(22);
        let known_hosts = self.known_hosts(task);
        Ok(Place { host, port, username, known_hosts, skip: self.skip_host_key_verification })
    }

    /// The login of a job that was created.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: there is no key.
    pub(crate) fn login_at(&self, place: Place, access: &Access) -> Result<Login> {
        let Place { host, port, username, known_hosts, skip } = place;
        let own = access.ssh_private_key.as_ref().map(|key| key.expose_for(&host)).transpose()?;
        let own = own.filter(|key| !key.trim().is_empty());
        let key = own.or(self.key.as_deref()).ok_or_else(|| {
            ConnectorError::unauthenticated(
                "Missing Slurm SSH private key. Set `ssh_private_key` on the Slurm config to the name of a Flyte \
                 secret, or set FLYTE_SLURM_SSH_PRIVATE_KEY on the connector.",
            )
        })?;
        let data =
            access.known_hosts_data.as_ref().map(|data| data.expose_for(&host)).transpose()?;
        // Which hosts the operator's key is shown to is said by the operator, if the operator says it.
        let may_tell = own.is_some() || self.known_hosts.is_none();
        let host_keys = match data.filter(|data| may_tell && !data.trim().is_empty()) {
            _ if skip => HostKeys::Any,
            Some(data) => HostKeys::Told(data.to_owned()),
            None => HostKeys::InFile(known_hosts),
        };
        Ok(Login { host, port, username, key: key.to_owned(), host_keys })
    }

    /// The file of known hosts that counts for a task, if there is one.
    pub(crate) fn known_hosts(&self, task: &LoginNode) -> Option<String> {
        let path = self.known_hosts.clone().or_else(|| task.known_hosts.clone());
        path.filter(|path| !path.is_empty())
    }

    pub(crate) const fn skips_host_keys(&self) -> bool {
        self.skip_host_key_verification
    }
}

/// Where a job was created.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) username: String,
    pub(crate) known_hosts: Option<String>,
    pub(crate) skip: bool,
}

/// A size in bytes as the official connector reads it; `None` for any size.
fn size(text: &str) -> Result<Option<u64>> {
    const UNITS: [(&str, u64); 9] = [
        ("KIB", 1 << 10),
        ("MIB", 1 << 20),
        ("GIB", 1 << 30),
        ("TIB", 1 << 40),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    let upper = text.trim().to_ascii_uppercase();
    if matches!(upper.as_str(), "UNLIMITED" | "NONE") {
        return Ok(None);
    }
    let unit = UNITS.iter().find_map(|(unit, factor)| Some((upper.strip_suffix(unit)?, *factor)));
    let (digits, factor) = unit.unwrap_or((&upper, 1));
    let size = digits.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    let size = size.ok_or_else(|| {
        ConnectorError::permanent(format!(
            "FLYTE_SLURM_CONNECTOR_UPLOAD_MAX_BYTES={text:?} is not a size. Give a byte count, optionally \
             suffixed (500MB, 2GB, 512MiB), or 0 for no limit."
        ))
    })?;
    Ok((size > 0).then_some(size))
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Access, Environment, size};
    use crate::config::LoginNode;
    use crate::ssh::HostKeys;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Environment::read(find).unwrap()
    }

    fn task() -> LoginNode {
        LoginNode {
            host: Some("of-task".to_owned()),
            port: Some(2222),
            username: Some("t".to_owned()),
            known_hosts: Some("/t".to_owned()),
            skip_host_key_verification: Some(true),
        }
    }

    fn access(key: Option<&str>, data: Option<&str>) -> Access {
        Access {
            ssh_private_key: key.map(Secret::new),
            known_hosts_data: data.map(Secret::new),
            flyte_slurm_private_key: None,
        }
    }

    #[test]
    fn the_operators_environment_wins() {
        let own = environment(&[]).login(&task(), &access(Some("k"), None)).unwrap();
        assert_eq!(format!("{own:?}"), "t@of-task:2222");
        assert_eq!(
            own.host_keys,
            HostKeys::InFile(Some("/t".to_owned())),
            "tasks cannot skip the check"
        );

        let set = environment(&[
            ("FLYTE_SLURM_HOST", "of-operator"),
            ("FLYTE_SLURM_PORT", "22"),
            ("FLYTE_SLURM_USERNAME", "o"),
            ("FLYTE_SLURM_SSH_PRIVATE_KEY", "of the operator"),
            ("FLYTE_SLURM_KNOWN_HOSTS", "/o"),
        ]);
        let login = set.login(&task(), &access(None, Some("of the task"))).unwrap();
        assert_eq!(
            (format!("{login:?}").as_str(), login.key.as_str()),
            ("o@of-operator:22", "of the operator")
        );
        assert_eq!(login.host_keys, HostKeys::InFile(Some("/o".to_owned())));
        let login = set.login(&task(), &access(Some("k"), Some("d"))).unwrap();
        assert_eq!((login.key.as_str(), &login.host_keys), ("k", &HostKeys::Told("d".to_owned())));

        let open = environment(&[("FLYTE_SLURM_SKIP_HOST_KEY_VERIFICATION", "Yes")]);
        assert_eq!(open.login(&task(), &access(Some("k"), None)).unwrap().host_keys, HostKeys::Any);
    }

    #[test]
    fn what_is_missing_is_told() {
        let error =
            environment(&[]).login(&LoginNode::default(), &access(Some("k"), None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTask);
        assert!(error.message().contains("FLYTE_SLURM_HOST and FLYTE_SLURM_USERNAME"), "{error}");
        let error = environment(&[]).login(&task(), &access(Some(""), None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.message().contains("FLYTE_SLURM_SSH_PRIVATE_KEY"), "{error}");
    }

    #[test]
    fn sizes() {
        for (text, read) in [
            ("0", None),
            ("none", None),
            (" 5 ", Some(5)),
            ("500MB", Some(500_000_000)),
            ("2 KiB", Some(2048)),
            ("7b", Some(7)),
        ] {
            assert_eq!(size(text).unwrap(), read, "{text}");
        }
        for text in ["x", "-1", "MB", "99999999999TB"] {
            assert!(size(text).unwrap_err().message().contains("is not a size"), "{text}");
        }
    }
}
