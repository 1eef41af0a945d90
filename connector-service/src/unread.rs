//! Variables `CONNECTOR_…` that nobody reads: most are misspelled, and the operator believes they count.
//! `app` warns of them when it serves, `check` fails. Only names are looked at and told, never values.

use std::collections::BTreeSet;

use connector_core::host::Variables;

use crate::cli::{self, Environment};
use crate::config;
use crate::nearest::nearest;

const PREFIX: &str = "CONNECTOR_";
const OF_CONNECTORS: &str = "CONNECTOR__";
/// Read by the kit that connectors are tested with; a build machine may well have them set.
const OF_TESTS: &str = "CONNECTOR_TESTING_";

/// What to tell of every variable that nobody reads. `connectors` are the variables that connectors read.
pub(crate) fn unread(environment: &Environment, connectors: &Variables) -> Vec<String> {
    let flags = cli::variables();
    let known: BTreeSet<&str> = flags.iter().map(String::as_str).chain(connectors.read()).collect();
    let told = |name: &str, instead: Option<&str>| {
        let instead = instead.or_else(|| closest(name, &known));
        let advice = instead.map_or_else(
            || "unset it, or see --help for the variables there are".to_owned(),
            |instead| format!("did you mean {instead}?"),
        );
        format!("nobody reads the environment variable {name}; {advice}")
    };
    let of_server = environment.names().filter(|name| {
        name.starts_with(PREFIX)
            && !name.starts_with(OF_CONNECTORS)
            && !name.starts_with(OF_TESTS)
            && !known.contains(name)
            && !environment.is_link(name)
            && !is_of_kubernetes(name)
    });
    let of_connectors = connectors.unread().iter().filter(|it| !environment.is_of_file(&it.name));
    // The values of connectors' variables are text, so these reach nobody.
    let no_text = environment
        .no_texts()
        .filter(|name| name.starts_with(OF_CONNECTORS) || connectors.read().any(|it| it == *name))
        .map(|name| format!("the environment variable {name} is ignored: its value is no text"));
    of_server
        .map(|name| told(name, None))
        .chain(of_connectors.map(|it| told(&it.name, it.instead.as_deref())))
        .chain(no_text)
        .collect()
}

/// The keys of a file that no connector reads.
#[derive(Debug)]
pub(crate) struct Slips(Vec<Slip>);

#[derive(Debug)]
struct Slip {
    /// What is told of it.
    told: String,
    /// The same where another service may bring who reads it: its task type is not known here.
    of_others: Option<String>,
}

impl Slips {
    /// What to tell of all of them.
    pub(crate) fn all(self) -> Vec<String> {
        self.0.into_iter().map(|slip| slip.told).collect()
    }

    /// What to warn of. Where more connectors may come from elsewhere, settings may wait for theirs.
    ///
    /// # Errors
    /// Keys that nobody is going to read.
    pub(crate) fn judged(self, may_more_come: bool) -> Result<Vec<String>, String> {
        let (mut wrong, mut waiting) = (Vec::new(), Vec::new());
        for Slip { told, of_others } in self.0 {
            match of_others.filter(|_| may_more_come) {
                Some(of_others) => waiting.push(of_others),
                None => wrong.push(told),
            }
        }
        if wrong.is_empty() { Ok(waiting) } else { Err(wrong.join("; ")) }
    }
}

/// Every key of a file that no connector reads.
pub(crate) fn unread_of_file(environment: &Environment, connectors: &Variables) -> Slips {
    let known: BTreeSet<&str> = connectors.read().collect();
    let unread = connectors.unread().iter().filter(|it| environment.is_of_file(&it.name));
    let slips = unread.map(|it| {
        let instead = it.instead.as_deref().or_else(|| closest(&it.name, &known));
        let instead = instead.and_then(config::key).map(|key| format!("; did you mean `{key}`?"));
        let called = environment.called(&it.name);
        let may_be_of_others = it.instead.is_none() && is_of_no_known_type(&it.name, &known);
        Slip {
            told: format!("nobody reads {called}{}", instead.unwrap_or_default()),
            of_others: may_be_of_others.then(|| {
                format!("nobody reads {called} yet: it counts once a service behind serves that task type")
            }),
        }
    });
    Slips(slips.collect())
}

/// Whether a variable is named after a task type that nobody here has.
fn is_of_no_known_type(name: &str, known: &BTreeSet<&str>) -> bool {
    let rest = name.strip_prefix(OF_CONNECTORS).and_then(|rest| rest.split_once("__"));
    rest.is_some_and(|(of_type, _)| {
        let prefix = format!("{OF_CONNECTORS}{of_type}__");
        !known.iter().any(|known| known.starts_with(&prefix))
    })
}

/// The closest name, by what distinguishes names: all of them begin alike.
fn closest<'a>(name: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    let word = name.strip_prefix(PREFIX)?.trim_start_matches('_');
    let words = known
        .iter()
        .filter_map(|known| Some((known.strip_prefix(PREFIX)?.trim_start_matches('_'), *known)));
    let words: Vec<(&str, &str)> = words.collect();
    let found = nearest(word, words.iter().map(|(word, _)| *word))?;
    words.iter().find(|(word, _)| *word == found).map(|(_, known)| *known)
}

/// Whether Kubernetes makes such a variable for a Service called `connector` or `connector-…`. Its
/// `…_PORT` is told by its value.
fn is_of_kubernetes(name: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") {
        return true;
    }
    if name.contains("_SERVICE_PORT_") {
        return true;
    }
    // CONNECTOR_PORT_8000_TCP, and that with _PROTO, _PORT or _ADDR.
    let Some((_, rest)) = name.split_once("_PORT_") else { return false };
    let mut words = rest.split('_');
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    words.next().is_some_and(is_number)
        && matches!(words.next(), Some("TCP" | "UDP" | "SCTP"))
        && matches!(words.next(), None | Some("PROTO" | "PORT" | "ADDR"))
        && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use connector_core::Registry;
    use connector_core::prelude::*;

    use super::{is_of_no_known_type, unread};
    use crate::cli::Environment;

    async fn told(variables: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment = variables.iter().copied().collect();
        let registry = Registry::builder().variables(environment.texts()).build().await.unwrap();
        unread(&environment, registry.variables())
    }

    #[tokio::test]
    async fn slips_are_told_with_the_right_name_and_without_the_value() {
        for (name, instead) in [
            ("CONNECTOR_PROMETHEUSPORT", "CONNECTOR_PROMETHEUS_PORT"),
            ("CONNECTOR_GRACE", "CONNECTOR_GRACE_SECONDS"),
            ("CONNECTOR_LOGLEVEL", "CONNECTOR_LOG_LEVEL"),
            ("CONNECTOR_SECRET_DIR", "CONNECTOR_SECRETS_DIR"),
            ("CONNECTOR_POLICY_RATE", "CONNECTOR_POLICY__RATE"),
            ("CONNECTOR__POLICY__RATE", "CONNECTOR_POLICY__RATE"),
        ] {
            let told = told(&[(name, "hunter2")]).await;
            let [line] = &told[..] else { panic!("{name}: {told:?}") };
            assert!(line.contains(&format!("{name}; did you mean {instead}?")), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
        let far = told(&[("CONNECTOR_FROBNICATION", "")]).await;
        assert!(far[0].contains("see --help"), "{far:?}");
    }

    #[tokio::test]
    async fn what_is_read_and_what_others_set_is_not_told() {
        let of_kubernetes = [
            ("CONNECTOR_PORT", "tcp://10.0.0.1:8000"),
            ("CONNECTOR_SERVICE_HOST", "10.0.0.1"),
            ("CONNECTOR_SERVICE_PORT", "8000"),
            ("CONNECTOR_SERVICE_PORT_GRPC", "8000"),
            ("CONNECTOR_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
            ("CONNECTOR_PORT_8000_TCP_PROTO", "tcp"),
            ("CONNECTOR_PORT_8000_TCP_PORT", "8000"),
            ("CONNECTOR_PORT_8000_TCP_ADDR", "10.0.0.1"),
            ("CONNECTOR_XYZ_SERVICE_HOST", "10.0.0.2"),
            ("CONNECTOR_XYZ_SERVICE_PORT_H2C", "80"),
            ("CONNECTOR_XYZ_PORT", "udp://10.0.0.2:80"),
            ("CONNECTOR_XYZ_PORT_80_UDP_ADDR", "10.0.0.2"),
        ];
        let others = [
            ("CONNECTOR_PORT", "8000"),
            ("CONNECTOR_RUN_LOG_LEVEL", "info"),
            ("CONNECTOR_CONNECT", "localhost:8000"),
            ("CONNECTOR_MODULES", "a"),
            ("CONNECTOR_SECRETS_DIR", ""),
            ("CONNECTOR_POLICY__RATE", "off"),
            ("CONNECTOR_TESTING_RECORD", "1"),
            ("CONNECTORS", "1"),
            ("PATH", "/bin"),
        ];
        assert_eq!(told(&of_kubernetes).await, Vec::<String>::new());
        assert_eq!(told(&others).await, Vec::<String>::new());
        // These only look like it.
        for name in ["CONNECTOR_XYZ_PORT", "CONNECTOR_PORT_X_TCP", "CONNECTOR_PORT_80_TCP_ADDR_X"] {
            assert_eq!(told(&[(name, "80")]).await.len(), 1, "{name}");
        }
    }

    #[derive(Debug)]
    struct Quiet;

    impl ConnectorSpec for Quiet {
        const NAME: &'static str = "Quiet";
        const TASK_TYPES: &'static [&'static str] = &["quiet"];
        const VERSIONS: &'static [i32] = &[0];
        type Meta = JobId;
        type Config = ();
        type Inputs = ();
        type Outputs = ();
        type Connection = ();
    }

    impl AsyncConnector for Quiet {
        async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
            Ok(JobId::new("j"))
        }

        async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
            Ok(Resource::running())
        }

        async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_task_type_that_is_misspelled_is_told_too() {
        let name = "CONNECTOR__QIUET__SECRET_HOSTS";
        let environment: Environment = [(name, "a.example")].into_iter().collect();
        let registry = Registry::builder().register(Quiet).variables(environment.texts());
        let registry = registry.build().await.unwrap();
        let told = unread(&environment, registry.variables());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with("did you mean CONNECTOR__QUIET__SECRET_HOSTS?"), "{told:?}");
    }

    #[tokio::test]
    async fn a_type_that_somebody_here_has_is_nobody_elses() {
        let registry = Registry::builder().register(Quiet).build().await.unwrap();
        let known = registry.variables().read().collect();
        let waits = |name| is_of_no_known_type(name, &known);
        assert!(waits("CONNECTOR__QUIETER__POLICY__RATE"));
        assert!(!waits("CONNECTOR__QUIET__POLICY__RAT"), "a slip remains one");
        assert!(!waits("CONNECTOR_POLICY__RAT") && !waits("CONNECTOR__QUIETER"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_value_that_is_no_text_is_told() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt as _;

        let odd = || OsString::from_vec(vec![0xff]);
        let names = ["CONNECTOR__QUIET__KEY", "CONNECTOR_POLICY__RATE", "CONNECTOR_SECRETS_DIR"];
        let environment: Environment = names.iter().map(|name| (*name, odd())).collect();
        let registry = Registry::builder().register(Quiet).variables(environment.texts());
        let told = unread(&environment, registry.build().await.unwrap().variables());
        assert_eq!(told.len(), names.len(), "{told:?}");
        for (told, name) in told.iter().zip(["CONNECTOR_POLICY__RATE", "CONNECTOR_SECRETS_DIR"]) {
            assert_eq!(
                *told,
                format!("the environment variable {name} is ignored: its value is no text")
            );
        }
    }
}
