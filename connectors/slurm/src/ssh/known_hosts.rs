//! Lines of known hosts, as `sshd(8)` describes them: which keys a host may have.

use ring::hmac;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, KnownHosts as Lines, Marker};
use russh::keys::{Algorithm, PublicKey};

/// What is known of a key that a host has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Known,
    /// Nothing is known of the host.
    Unknown,
    /// The host is known by other keys.
    Changed,
    Revoked,
}

/// All that is known.
#[derive(Debug)]
pub(crate) struct KnownHosts {
    entries: Vec<Entry>,
}

impl KnownHosts {
    /// Lines that cannot be read are left out, as OpenSSH leaves them out.
    pub(crate) fn read(lines: &str) -> Self {
        // Blanks of any kind may stand between the words, the parser takes one.
        let tidy = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let entries =
            lines.lines().map(tidy).flat_map(|line| Lines::new(&line).collect::<Vec<_>>());
        Self { entries: entries.filter_map(Result::ok).collect() }
    }

    /// What is known of that key of that host.
    pub(crate) fn trust(&self, host: &str, port: u16, key: &PublicKey) -> Trust {
        let mut trust = Trust::Unknown;
        for entry in self.of_host(host, port) {
            let is_key = entry.public_key().key_data() == key.key_data();
            match (entry.marker(), is_key) {
                (Some(Marker::Revoked), true) => return Trust::Revoked,
                (None, true) => trust = Trust::Known,
                (None, false) if trust == Trust::Unknown => trust = Trust::Changed,
                _ => {}
            }
        }
        trust
    }

    /// The kinds of keys that the host is known by, so that it is asked for one of those.
    pub(crate) fn algorithms(&self, host: &str, port: u16) -> Vec<Algorithm> {
        let known = self.of_host(host, port).filter(|entry| entry.marker().is_none());
        known.map(|entry| entry.public_key().algorithm()).collect()
    }

    fn of_host(&self, host: &str, port: u16) -> impl Iterator<Item = &Entry> {
        let host = host.to_ascii_lowercase();
        let name = if port == 22 { host } else { format!("[{host}]:{port}") };
        self.entries.iter().filter(move |entry| match entry.host_patterns() {
            HostPatterns::Patterns(patterns) => among(patterns, &name),
            HostPatterns::HashedName { salt, hash } => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                hmac::verify(&key, name.as_bytes(), hash).is_ok()
            }
        })
    }
}

/// Whether one of the patterns fits, and none that is marked by `!`.
fn among(patterns: &[String], name: &str) -> bool {
    let fits = |pattern: &str| glob(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes());
    let refused = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(fits);
    !refused && patterns.iter().filter(|pattern| !pattern.starts_with('!')).any(|it| fits(it))
}

/// `*` and `?`, as in names of files. Goes back to the last `*` only, so it takes no time that grows with
/// their number.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(letter) if *letter == b'?' || name.get(seen) == Some(letter) => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((at_star, seen_there)) = star else { return false };
                star = Some((at_star, seen_there + 1));
                (at, seen) = (at_star + 1, seen_there + 1);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|letter| *letter == b'*'))
}

#[cfg(test)]
mod tests {
    use russh::keys::{Algorithm, PublicKey};

    use super::{KnownHosts, Trust, glob};

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const THIRD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    #[test]
    fn hosts_are_known_by_name_pattern_port_and_hash() {
        let hosts = KnownHosts::read(&format!(
            "# of the cluster\n[login]:2222 {ONE} comment\na.example,*.b.example,!x.b.example\t{ONE}\nrubbish\n\
             |1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= {THIRD}\n",
        ));
        let one = key(ONE);
        for (host, port, trust) in [
            ("login", 2222, Trust::Known),
            ("LOGIN", 2222, Trust::Known),
            ("login", 22, Trust::Unknown),
            ("a.example", 22, Trust::Known),
            ("y.b.example", 22, Trust::Known),
            ("x.b.example", 22, Trust::Unknown),
            ("a.example", 2222, Trust::Unknown),
        ] {
            assert_eq!(hosts.trust(host, port, &one), trust, "{host}:{port}");
        }
        assert_eq!(hosts.trust("example.com", 22, &key(THIRD)), Trust::Known, "hashed");
        assert_eq!(hosts.trust("example.com", 22, &one), Trust::Changed);
        assert_eq!(hosts.algorithms("login", 2222), [Algorithm::Ed25519]);
    }

    #[test]
    fn revoked_keys_stay_revoked_and_authorities_are_no_hosts() {
        let hosts =
            KnownHosts::read(&format!("h {ONE}\n@revoked * {ONE}\n@cert-authority h {THIRD}\n"));
        assert_eq!(hosts.trust("h", 22, &key(ONE)), Trust::Revoked);
        assert_eq!(hosts.trust("h", 22, &key(THIRD)), Trust::Changed);
        assert_eq!(hosts.trust("other", 22, &key(THIRD)), Trust::Unknown);
    }

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("*.x.*", "a.x.b", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
        }
    }
}
