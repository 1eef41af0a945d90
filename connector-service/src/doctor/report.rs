//! What `doctor` found, trial by trial, and how that is printed: a line for each, or one JSON object.
//! The trials add to it; `mod` prints it.

use serde_json::{Value as Json, json};

use super::executor_yaml::ExecutorYaml;

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As it should.
    Ok,
    /// In a way that is not wrong by itself.
    Note,
    /// As it should not.
    Failed,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Failed => "failed",
        }
    }
}

/// One trial.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    name: String,
    outcome: Outcome,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

/// Every trial so far, in order.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<Step>,
    pub(super) executor: Option<ExecutorYaml>,
    /// What must not be printed, whoever says it.
    hidden: Option<String>,
}

impl Report {
    /// What a service says may quote this back.
    pub(super) fn hide(&mut self, secret: String) {
        self.hidden = Some(secret);
    }

    pub(super) fn ok(&mut self, name: &str, found: impl Into<String>) {
        self.add(name, Outcome::Ok, found.into(), None);
    }

    pub(super) fn note(&mut self, name: &str, found: impl Into<String>) {
        self.add(name, Outcome::Note, found.into(), None);
    }

    pub(super) fn failed(
        &mut self,
        name: &str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(name, Outcome::Failed, found.into(), Some(advice.into()));
    }

    /// Something is wrong, and the words for it say what to do.
    pub(super) fn wrong(&mut self, name: &str, found: impl Into<String>) {
        self.add(name, Outcome::Failed, found.into(), None);
    }

    fn add(&mut self, name: &str, outcome: Outcome, found: String, advice: Option<String>) {
        let shown = |text: String| match self.hidden.as_deref() {
            Some(hidden) => text.replace(hidden, "***"),
            None => text,
        };
        let (found, advice) = (shown(found), advice.map(shown));
        self.steps.push(Step { name: name.to_owned(), outcome, found, advice });
    }

    /// How many trials failed.
    pub(super) fn failures(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome == Outcome::Failed).count()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let width = self.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        let indent = " ".repeat("failed  ".len() + width + 2);
        let mut text = String::new();
        for Step { name, outcome, found, advice } in &self.steps {
            let found = found.trim_end().replace('\n', &format!("\n{indent}"));
            text.push_str(&format!("{:6}  {name:width$}  {found}\n", outcome.word()));
            if let Some(advice) = advice {
                text.push_str(&format!("{indent}do: {advice}\n"));
            }
        }
        text.push_str(&match self.failures() {
            0 => "\nnothing is wrong\n".to_owned(),
            1 => "\n1 trial failed\n".to_owned(),
            more => format!("\n{more} trials failed\n"),
        });
        if let Some(executor) = &self.executor {
            for (flyte, yaml) in executor.both() {
                text.push_str(&format!("\n# The executor of {flyte}:\n{yaml}"));
            }
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> String {
        let steps = self.steps.iter().map(|Step { name, outcome, found, advice }| {
            json!({"step": name, "outcome": outcome.word(), "found": found, "advice": advice})
        });
        let executor = self.executor.as_ref().map(|executor| {
            let [(_, flyte2), (_, flyte1)] = executor.both();
            json!({"flyte2": flyte2, "flyte1": flyte1})
        });
        let report = json!({
            "passed": self.failures() == 0,
            "steps": steps.collect::<Json>(),
            "executor": executor,
        });
        format!("{report:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::Report;

    #[test]
    fn a_report_is_a_line_for_each_trial_and_hides_what_it_must() {
        let mut report = Report::default();
        report.hide("hunter2".to_owned());
        report.ok("name", "a is 10.0.0.1");
        report.failed("connection", "nobody listens\nat all", "start hunter2");
        let text = report.text();
        assert!(
            text.starts_with("ok      name        a is 10.0.0.1\nfailed  connection  nobody"),
            "{text}"
        );
        assert!(text.contains("\n                    at all\n"), "{text}");
        assert!(text.ends_with("do: start ***\n\n1 trial failed\n"), "{text}");
        let json: Json = serde_json::from_str(&report.json()).unwrap();
        assert_eq!((&json["passed"], &json["executor"]), (&false.into(), &Json::Null));
        assert_eq!(json["steps"][1]["outcome"], "failed");
        assert_eq!(json["steps"][1]["advice"], "start ***");
        assert_eq!(json["steps"][0]["advice"], Json::Null);
    }
}
