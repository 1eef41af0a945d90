//! What to say when connectors are missing from the binary.
//! The linker silently drops a crate that nobody names; these messages break the silence.

use connector_core::{Registry, TaskType};

/// A connector that must be there: `TASK_TYPE` or `TASK_TYPE@VERSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    task_type: TaskType,
    version: Option<i32>,
}

impl Expected {
    /// Reads the form of the `--expect` flag.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, version) = match text.rsplit_once('@') {
            None => (text, None),
            Some((name, version)) => {
                let version = version.parse().ok().filter(|version| *version >= 0);
                let version = version.ok_or_else(|| {
                    format!("{text:?} must read TASK_TYPE@VERSION, with a version from 0 on")
                })?;
                (name, Some(version))
            }
        };
        let task_type = TaskType::parse(name).map_err(|error| error.to_string())?;
        Ok(Self { task_type, version })
    }

    fn is_met_by(&self, registry: &Registry) -> bool {
        registry.entries().any(|entry| {
            entry.key.task_type == self.task_type
                && self.version.is_none_or(|version| version == entry.key.version)
        })
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.task_type),
            None => write!(f, "{}", self.task_type),
        }
    }
}

/// Why this binary must not serve, if something is missing from it.
pub(crate) fn problem(registry: &Registry, expected: &[Expected]) -> Option<String> {
    if registry.is_empty() {
        return Some(
            "no connector is linked into this binary, so there is nothing to serve\n  \
             cause: the linker drops a crate that no code names, even if Cargo.toml lists it\n  \
             help:  name every crate with connectors in main.rs, instead of your `fn main`:\n           \
             connector_server::main!(my_connectors);\n         \
             or add this line to it:\n           \
             use my_connectors as _;"
                .to_owned(),
        );
    }
    let missing: Vec<String> = expected
        .iter()
        .filter(|expected| !expected.is_met_by(registry))
        .map(|expected| describe(expected, registry))
        .collect();
    (!missing.is_empty()).then(|| missing.join("\n"))
}

fn describe(expected: &Expected, registry: &Registry) -> String {
    let failed = registry.failures().iter().find(|failure| {
        failure.keys.iter().any(|key| {
            key.task_type == expected.task_type
                && expected.version.is_none_or(|version| version == key.version)
        })
    });
    if let Some(failure) = failed {
        return format!("the expected connector {expected} did not start: {}", failure.error);
    }
    let served: Vec<String> = registry.entries().map(|entry| entry.key.to_string()).collect();
    format!(
        "the expected connector {expected} is not linked into this binary; linked are: {}\n  \
         help:  add `use my_connectors as _;` to main.rs for the crate that holds it, or turn on \
         its cargo feature",
        served.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use connector_core::Registry;

    use super::{Expected, problem};

    #[test]
    fn reads_type_and_version() {
        assert_eq!(Expected::parse("spark@1").unwrap().to_string(), "spark@1");
        assert_eq!(Expected::parse("spark").unwrap().to_string(), "spark");
        for wrong in ["", "@1", "spark@", "spark@x", "spark@-1", "a b@1"] {
            assert!(Expected::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_empty_registry_gets_the_missing_line() {
        let problem = problem(&Registry::default(), &[]).expect("a problem");
        assert!(problem.contains("use my_connectors as _;"), "{problem}");
    }
}
