//! What every setting is and where it comes from, as a file of settings that could be used.

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// A flag, by its name.
    Flag(String),
    /// An environment variable, by its name.
    Variable(String),
    /// A file, by its path.
    File(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag(name) | Self::Variable(name) | Self::File(name) => f.write_str(name),
        }
    }
}

const HIDDEN: &str = "***";

/// Prints settings of the server, and variables of connectors. What a connector sets for itself may be a
/// secret under any name, so of those only policies and hosts are shown.
pub(crate) fn print(
    own: &[(String, Vec<String>, Origin)],
    connectors: &[(String, String, Origin)],
) -> String {
    let mut text = String::new();
    for (name, values, origin) in own {
        let name = name.replace('-', "_");
        let line = match &values[..] {
            // Nothing is said by leaving it out.
            [] => format!("# {name}"),
            [value] => format!("{name} = {}", quoted(value)),
            several => {
                let several: Vec<String> = several.iter().map(|value| quoted(value)).collect();
                format!("{name} = [{}]", several.join(", "))
            }
        };
        text.push_str(&format!("{line:<44} # {origin}\n"));
    }
    let mut placed: Vec<(Placed, &str, &Origin)> = connectors
        .iter()
        .filter_map(|(variable, value, origin)| Some((placed(variable)?, value.as_str(), origin)))
        .collect();
    // A section may be there once only.
    placed.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let mut section = "";
    for (Placed { section: of, name, is_shown }, value, origin) in &placed {
        if of != section {
            text.push_str(&format!("\n[{of}]\n"));
            section = of;
        }
        let line = format!("{name} = {}", quoted(if *is_shown { value } else { HIDDEN }));
        text.push_str(&format!("{line:<44} # {origin}\n"));
    }
    text
}

/// Where a variable stands in a file, and whether its value may be shown.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    section: String,
    name: String,
    is_shown: bool,
}

fn placed(variable: &str) -> Option<Placed> {
    let place = |section: String, name: &str, is_shown| {
        Some(Placed { section, name: name.to_ascii_lowercase(), is_shown })
    };
    if let Some(policy) = variable.strip_prefix("CONNECTOR_POLICY__") {
        return place("policy".to_owned(), policy, true);
    }
    let (task_type, name) = variable.strip_prefix("CONNECTOR__")?.split_once("__")?;
    let section = format!("connector.{}", task_type.to_ascii_lowercase());
    if let Some(policy) = name.strip_prefix("POLICY__") {
        place(format!("{section}.policy"), policy, true)
    } else if let Some(secret) = name.strip_prefix("SECRET__") {
        place(format!("{section}.secret"), secret, false)
    } else {
        place(section, name, name == "SECRET_HOSTS")
    }
}

/// The key that says the same in a file as that variable.
pub(crate) fn key(variable: &str) -> Option<String> {
    placed(variable).map(|Placed { section, name, .. }| format!("{section}.{name}"))
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Origin, print};
    use crate::config::settings;

    #[test]
    fn what_is_printed_is_a_file_of_settings_again_without_secrets() {
        let own = [
            ("port".to_owned(), vec!["1".to_owned()], Origin::Flag("--port".to_owned())),
            ("expect".to_owned(), vec!["a".to_owned(), "b\"".to_owned()], Origin::Default),
            ("tls-cert".to_owned(), Vec::new(), Origin::Default),
        ];
        let connectors = [
            ("CONNECTOR_POLICY__RATE", "5"),
            ("CONNECTOR__A__PASSWORD", "hunter2"),
            ("CONNECTOR__A__SECRET_HOSTS", "a.example"),
            ("CONNECTOR__A__POLICY__RATE", "7"),
            ("CONNECTOR__A__SECRET__KEY", "hunter2"),
        ];
        let connectors = connectors.map(|(name, value)| {
            (name.to_owned(), value.to_owned(), Origin::Variable(name.to_owned()))
        });
        let text = print(&own, &connectors);
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("port = \"1\"") && text.contains("# --port"), "{text}");
        let names = ["port", "expect", "tls-cert"].map(|it| (it.to_owned(), it.to_owned()));
        let read = settings(&text, &names).unwrap();
        let of =
            |variable: &str| read.iter().find(|it| it.variable == variable).map(|it| &*it.value);
        assert_eq!((of("port"), of("expect"), of("tls-cert")), (Some("1"), Some("a,b\""), None));
        for (variable, value, _) in &connectors {
            let shown = if value == "hunter2" { "***" } else { value };
            assert_eq!(of(variable), Some(shown), "{text}");
        }
    }
}
