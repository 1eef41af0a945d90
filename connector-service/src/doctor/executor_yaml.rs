//! What Flyte's executor must be told to use a connector service: its configuration, for both Flytes.
//! `doctor` prints it for what it found. Why each line is needed stands in the guide, under "Deploying".

use std::collections::BTreeMap;

/// A service as the executor will know it.
#[derive(Debug, Clone)]
pub(super) struct ExecutorYaml {
    endpoint: String,
    insecure: bool,
    /// Each task type, and whether its tasks are done within one call.
    types: BTreeMap<String, bool>,
}

impl ExecutorYaml {
    /// For a service at `HOST:PORT` that speaks plaintext if it is `insecure`.
    pub(super) fn new(address: &str, insecure: bool, types: BTreeMap<String, bool>) -> Self {
        Self { endpoint: format!("dns:///{address}"), insecure, types }
    }

    /// The configuration of each Flyte's executor, with that Flyte's name.
    pub(super) fn both(&self) -> [(&'static str, String); 2] {
        [("Flyte 2", self.flyte2()), ("Flyte 1, propeller", self.flyte1())]
    }

    /// It routes by what stands here: the list of the service adds no type to its table.
    fn flyte2(&self) -> String {
        let all: Vec<String> = self.types.keys().map(|name| scalar(name)).collect();
        format!(
            "{}tasks:\n  task-plugins:\n    default-for-task-types:\n{}",
            self.plugin(&all),
            routes(&all)
        )
    }

    /// It takes types from the list of the service, but only those that no other plug-in of its own knows;
    /// and a type that stands here counts as one of jobs as long as the service has not listed it.
    fn flyte1(&self) -> String {
        let jobs = self.types.iter().filter(|(_, is_sync)| !**is_sync);
        let jobs: Vec<String> = jobs.map(|(name, _)| scalar(name)).collect();
        format!(
            "{}tasks:\n  task-plugins:\n    # Beside those that you have: a list here replaces the default \
             one.\n    enabled-plugins: [container, sidecar, k8s-array, connector-service]\n{}",
            self.plugin(&jobs),
            if jobs.is_empty() {
                String::new()
            } else {
                format!("    default-for-task-types:\n{}", routes(&jobs))
            }
        )
    }

    fn plugin(&self, types: &[String]) -> String {
        let Self { endpoint, insecure, .. } = self;
        let supported = if types.is_empty() {
            String::new()
        } else {
            format!("    supportedTaskTypes: [{}]\n", types.join(", "))
        };
        format!(
            "plugins:\n  connector-service:\n{supported}    defaultConnector:\n      endpoint: {}\n      \
             insecure: {insecure}\n      defaultTimeout: 10s\n",
            scalar(endpoint)
        )
    }
}

fn routes(types: &[String]) -> String {
    types.iter().map(|task_type| format!("      {task_type}: connector-service\n")).collect()
}

/// A text of YAML: bare where that is surely read as a text, else quoted as JSON is.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:".contains(c))
        && !text.ends_with(':')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_bare { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::ExecutorYaml;

    #[test]
    fn each_flyte_is_told_what_it_does_not_find_out_itself() {
        let types = [("render", false), ("shout", true), ("2d", false)];
        let types = types.map(|(name, is_sync)| (name.to_owned(), is_sync)).into_iter().collect();
        let [(_, flyte2), (_, flyte1)] = ExecutorYaml::new("c.flyte:8000", true, types).both();
        assert_eq!(
            flyte2,
            "plugins:\n  connector-service:\n    supportedTaskTypes: [\"2d\", render, shout]\n    \
             defaultConnector:\n      endpoint: dns:///c.flyte:8000\n      insecure: true\n      \
             defaultTimeout: 10s\ntasks:\n  task-plugins:\n    default-for-task-types:\n      \
             \"2d\": connector-service\n      render: connector-service\n      shout: connector-service\n"
        );
        // A sync type that stood there would count as one of jobs.
        assert!(flyte1.contains("supportedTaskTypes: [\"2d\", render]\n"), "{flyte1}");
        assert!(flyte1.contains("k8s-array, connector-service]\n") && !flyte1.contains("shout"));
    }

    #[test]
    fn words_of_yaml_are_quoted_and_nothing_is_left_open() {
        for (name, written) in [("on", "\"on\""), ("a: b", "\"a: b\""), ("a.b-c_1", "a.b-c_1")] {
            assert_eq!(super::scalar(name), written);
        }
        let none = ExecutorYaml::new("[::1]:1", false, std::collections::BTreeMap::new());
        let [(_, flyte2), (_, flyte1)] = none.both();
        assert!(
            flyte2.contains("endpoint: \"dns:///[::1]:1\"") && flyte2.contains("insecure: false")
        );
        assert!(!flyte1.contains("default-for-task-types"), "{flyte1}");
    }
}
