//! Whom the server trusts and how it is trusted: TLS, certificates and tokens of callers, by flags.
//! `app` opens it for `serve`, `check` to see that it can be opened; `server` is given it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::callers::Callers;
use crate::tls::{Allowed, Files, Speaks, Tls};

/// Who may speak to the ports, and how.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TrustArgs {
    /// Certificate of the server, as PEM, with those between it and a known authority: speak TLS on the gRPC
    /// port. Read again when it changes.
    #[arg(long, env = "CONNECTOR_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Key of that certificate, as PEM.
    #[arg(long, env = "CONNECTOR_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Authorities, as PEM, one of which must have signed the certificate of every caller.
    #[arg(long, env = "CONNECTOR_TLS_CLIENT_CA", value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,
    /// DNS name or URI that the certificate of a caller must have, or its beginning and `*`; may be given
    /// several times.
    #[arg(long, env = "CONNECTOR_TLS_CLIENT_NAME", value_name = "NAME")]
    #[arg(value_delimiter = ',', value_parser = Allowed::parse)]
    tls_client_name: Vec<Allowed>,
    /// Tokens, one a line, one of which every caller must bring: `authorization: Bearer …`. Read again when
    /// it changes; health needs none.
    #[arg(long, env = "CONNECTOR_AUTH_TOKEN_FILE", value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
    /// Refuse to serve plaintext beyond this machine.
    #[arg(long, env = "CONNECTOR_REQUIRE_TLS", value_name = "BOOL")]
    #[arg(num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true")]
    require_tls: bool,
    /// Speak TLS on the port of the metrics, too, with the same certificate; of callers none is asked for.
    #[arg(long, env = "CONNECTOR_PROMETHEUS_TLS", value_name = "BOOL")]
    #[arg(num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true")]
    prometheus_tls: bool,
}

/// What the flags ask for, open.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    /// The TLS of the gRPC port.
    pub(crate) tls: Option<Tls>,
    /// The TLS of the operators' port.
    pub(crate) pages: Option<Tls>,
    pub(crate) callers: Callers,
    /// What the operator should know, in words.
    pub(crate) doubts: Vec<&'static str>,
}

impl TrustArgs {
    /// The file of the tokens that callers must bring.
    pub(crate) fn token_file(&self) -> Option<&Path> {
        self.auth_token_file.as_deref()
    }

    /// Whether the gRPC port is to speak TLS.
    pub(crate) const fn has_tls(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Opens what the flags ask for, on the current runtime, for a server that listens at `host`.
    ///
    /// # Errors
    /// Flags that do not go together, files that cannot be used, or plaintext where that is refused.
    pub(crate) fn open(&self, host: &str) -> Result<Trust, String> {
        let files = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let (certificate, key) = (certificate.clone(), key.clone());
                Some(Files { certificate, key, client_ca: self.tls_client_ca.clone() })
            }
            (None, None) => None,
            (Some(_), None) => return Err("--tls-cert needs --tls-key".to_owned()),
            (None, Some(_)) => return Err("--tls-key needs --tls-cert".to_owned()),
        };
        let goes_with = [
            ("--tls-client-ca", self.tls_client_ca.is_some(), "--tls-cert", files.is_some()),
            ("--prometheus-tls", self.prometheus_tls, "--tls-cert", files.is_some()),
            (
                "--tls-client-name",
                !self.tls_client_name.is_empty(),
                "--tls-client-ca",
                self.tls_client_ca.is_some(),
            ),
        ];
        if let Some((flag, _, needed, _)) =
            goes_with.into_iter().find(|(_, given, _, there)| *given && !there)
        {
            return Err(format!("{flag} needs {needed}"));
        }
        let is_open = files.is_none() && !is_loopback(host);
        if is_open && self.require_tls {
            return Err(format!(
                "plaintext at {host} can be reached from other machines, which --require-tls refuses: \
                 give --tls-cert and --tls-key, or --host 127.0.0.1"
            ));
        }
        let tls = files.as_ref().map(|files| files.open(Speaks::Http2)).transpose()?;
        let pages = files.filter(|_| self.prometheus_tls).map(|files| {
            // Whoever reads metrics is another one than who calls.
            Files { client_ca: None, ..files }.open(Speaks::Http1)
        });
        let callers = Callers::open(self.auth_token_file.clone(), self.tls_client_name.clone())?;
        let doubts = match (is_open, self.auth_token_file.is_some()) {
            (true, false) => vec![
                "UNPROTECTED: whoever reaches the gRPC port can create and delete jobs with this server's \
                 credentials, and read what is sent to it: it speaks plaintext beyond this machine and \
                 asks nobody who he is. Give --tls-cert and --tls-client-ca or --auth-token-file, or have \
                 a mesh or a network policy see to it; --require-tls refuses to start like this",
            ],
            (true, true) => vec![
                "the tokens of callers travel in plaintext, where others may read them: give --tls-cert, \
                 or have a mesh encrypt it",
            ],
            (false, _) => Vec::new(),
        };
        Ok(Trust { tls, pages: pages.transpose()?, callers, doubts })
    }
}

/// Whether only this machine reaches a server that listens there.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::is_loopback;
    use crate::cli::{Command, Environment, Parsed, parse};
    use crate::tls::testing::Authority;

    fn opened(flags: &str, variables: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
        let environment: Environment = variables.iter().copied().collect();
        let line = format!("c serve {flags}");
        let line = line.split_whitespace().map(Into::into);
        match parse(line, &environment) {
            Ok(Parsed { command: Command::Serve(args), .. }) => {
                args.trust.open(&args.host).map(|trust| trust.doubts)
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn plaintext_beyond_this_machine_is_told_and_can_be_refused() {
        for host in ["127.0.0.1", "::1", "localhost", "127.9.9.9"] {
            assert_eq!(opened(&format!("--host {host} --require-tls"), &[]), Ok(Vec::new()));
        }
        for host in ["::", "0.0.0.0", "10.0.0.1", "connectors.example"] {
            let told = opened(&format!("--host {host}"), &[]).unwrap();
            assert!(matches!(&told[..], [told] if told.starts_with("UNPROTECTED")), "{told:?}");
            let refused = opened(&format!("--host {host} --require-tls"), &[]).unwrap_err();
            assert!(refused.contains(host) && refused.contains("--tls-cert"), "{refused}");
        }
        let by_variable = opened("", &[("CONNECTOR_REQUIRE_TLS", "true")]);
        assert!(by_variable.is_err());
        assert!(opened("", &[("CONNECTOR_REQUIRE_TLS", "false")]).is_ok());
        assert!(!is_loopback("localhost.evil.example"));
    }

    #[tokio::test]
    async fn with_tls_nothing_is_to_be_told_and_tokens_alone_are_not_enough() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let authority = Authority::new();
        let (certificate, key) = authority.signed(&["localhost"]);
        fs::write(path("tls.crt"), certificate).unwrap();
        fs::write(path("tls.key"), key).unwrap();
        fs::write(path("ca.crt"), authority.certificate()).unwrap();
        fs::write(path("tokens"), "0123456789abcdef\n").unwrap();
        let (crt, key, ca, tokens) =
            (path("tls.crt"), path("tls.key"), path("ca.crt"), path("tokens"));
        let tls = format!("--tls-cert {crt} --tls-key {key}");
        for flags in [
            format!("{tls} --require-tls"),
            format!("{tls} --prometheus-tls"),
            format!("{tls} --tls-client-ca {ca} --tls-client-name a,spiffe://c/ns/*"),
            format!("{tls} --auth-token-file {tokens}"),
        ] {
            assert_eq!(opened(&flags, &[]), Ok(Vec::new()), "{flags}");
        }
        let told = opened(&format!("--auth-token-file {tokens}"), &[]).unwrap();
        assert!(told[0].contains("travel in plaintext"), "{told:?}");
        for (flags, said) in [
            (format!("--tls-cert {crt}"), "--tls-cert needs --tls-key"),
            (format!("--tls-key {key}"), "--tls-key needs --tls-cert"),
            (format!("--tls-client-ca {ca}"), "--tls-client-ca needs --tls-cert"),
            ("--prometheus-tls".to_owned(), "--prometheus-tls needs --tls-cert"),
            (format!("{tls} --tls-client-name a"), "--tls-client-name needs --tls-client-ca"),
            (format!("--auth-token-file {}", path("gone")), "gone: No such file"),
        ] {
            let refused = opened(&flags, &[]).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
