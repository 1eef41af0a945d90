//! The GPUs that a task asks for: what goes into the submission, and which variables go with it. `config` calls it.
//! What no Slurm could make sense of is refused here, in words: slurmrestd says "Failure during parsing" of all of it.

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

/// GPUs as Slurm's users count them: 2, `a100:2`, or of several types, `a100:1,v100:2`.
#[derive(Debug, Clone, FlyteType)]
pub(crate) enum Gpus {
    /// So many of any type.
    Count(u32),
    /// So many of a type, or of several.
    OfType(String),
}

/// The settings about GPUs, and those that say the same in another way.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) gres: Option<&'a str>,
    pub(crate) gpus: Option<&'a Gpus>,
    pub(crate) gpus_per_node: Option<&'a Gpus>,
    pub(crate) gpus_per_task: Option<&'a Gpus>,
    pub(crate) cpus_per_gpu: Option<u32>,
    pub(crate) memory_per_gpu: Option<u32>,
    pub(crate) tasks: Option<u32>,
    pub(crate) cpus_per_task: Option<u32>,
    pub(crate) memory_per_node: Option<u32>,
}

/// What is sent for them.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Fields of the submission.
    pub(crate) fields: Map<String, Value>,
    /// The variables that sbatch sets for the same options, and slurmrestd does not: scripts read them, and so does
    /// srun.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Asked<'_> {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: what is asked for cannot be.
    pub(crate) fn sent(&self) -> Result<Sent> {
        let mut sent = Sent::default();
        let gres = self.gres();
        if let Some(gres) = gres {
            is_gres(gres)?;
            sent.fields.insert("gres".to_owned(), gres.into());
        }
        let mut said: Vec<&str> = Vec::new();
        said.extend(gres.filter(|gres| has_gpus(gres)).map(|_| "gres"));
        for (name, text, variable) in self.counts() {
            let count = counted(name, &text)?;
            said.push(name);
            // Told the type as well, srun tells none of several tasks which GPU is its own (seen with 22.05.8).
            let told = if name == "gpus_per_task" { count.to_string() } else { text.clone() };
            sent.fields.insert(name.to_owned(), text.into());
            sent.variables.push((variable, told));
        }
        self.go_together(&said)?;
        if let Some(count) = self.cpus_per_gpu {
            // The one number that slurmrestd wants as text.
            sent.fields.insert("cpus_per_gpu".to_owned(), count.to_string().into());
            sent.variables.push(("SLURM_CPUS_PER_GPU", count.to_string()));
        }
        if let Some(mebibytes) = self.memory_per_gpu {
            sent.fields.insert("memory_per_gpu".to_owned(), json!(mebibytes));
            sent.variables.push(("SLURM_MEM_PER_GPU", mebibytes.to_string()));
        }
        Ok(sent)
    }

    fn gres(&self) -> Option<&str> {
        self.gres.filter(|gres| !gres.is_empty())
    }

    /// The settings that say how many GPUs, with what they say and the variable that sbatch sets for each.
    fn counts(&self) -> impl Iterator<Item = (&'static str, String, &'static str)> {
        let all = [
            ("gpus", self.gpus, "SLURM_GPUS"),
            ("gpus_per_node", self.gpus_per_node, "SLURM_GPUS_PER_NODE"),
            ("gpus_per_task", self.gpus_per_task, "SLURM_GPUS_PER_TASK"),
        ];
        let said = all
            .into_iter()
            .filter_map(|(name, gpus, variable)| Some((name, gpus?.text(), variable)));
        said.filter(|(_, text, _)| !text.is_empty())
    }

    /// Refuses what Slurm refuses without a reason, and where it takes two settings and heeds the last one.
    fn go_together(&self, said: &[&str]) -> Result<()> {
        let refused = |text: String| Err(ConnectorError::invalid_task(text));
        if let [first, second, ..] = said {
            return refused(format!(
                "`custom.{first}` and `custom.{second}` both say how many GPUs the job gets: say it once"
            ));
        }
        if said.contains(&"gpus_per_task") && self.tasks.is_none() {
            return refused(
                "`custom.gpus_per_task` needs `custom.tasks`, the number of tasks".to_owned(),
            );
        }
        for (name, is_set, rival, is_rival_set) in [
            (
                "cpus_per_gpu",
                self.cpus_per_gpu.is_some(),
                "cpus_per_task",
                self.cpus_per_task.is_some(),
            ),
            (
                "memory_per_gpu",
                self.memory_per_gpu.is_some(),
                "memory_per_node",
                self.memory_per_node.is_some(),
            ),
        ] {
            if is_set && said.is_empty() {
                return refused(format!("`custom.{name}` is set, and the task asks for no GPU"));
            }
            if is_set && is_rival_set {
                return refused(format!(
                    "`custom.{name}` and `custom.{rival}` cannot both be: Slurm takes one of them"
                ));
            }
        }
        Ok(())
    }

    /// What the task asks for, in words for whoever it was refused to; `None` without GPUs.
    pub(crate) fn words(&self) -> Option<String> {
        let gres = self.gres().map(|gres| ("gres", gres.to_owned()));
        let counts = self.counts().map(|(name, text, _)| (name, text));
        let words = gres.into_iter().chain(counts).map(|(name, text)| format!("`{name}` {text}"));
        Some(words.collect::<Vec<_>>().join(" and ")).filter(|words| !words.is_empty())
    }
}

impl Gpus {
    fn text(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::OfType(text) => text.clone(),
        }
    }
}

/// Of a resource, or of a type of it: `a100`, `1g.5gb`.
fn is_name(text: &str) -> bool {
    let is_of_name = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    text.starts_with(|it: char| it.is_ascii_alphanumeric())
        && text.bytes().any(|it| it.is_ascii_alphabetic())
        && text.bytes().all(is_of_name)
}

/// How many GPUs that text asks for.
fn counted(setting: &str, text: &str) -> Result<u64> {
    let refused = |why: &str| {
        Err(ConnectorError::invalid_task(format!(
            "`custom.{setting}` is {text:?}: {why}. Write a number, or types with numbers, such as `a100:2`"
        )))
    };
    let (mut types, mut count) = (Vec::new(), 0);
    for part in text.split(',') {
        let (kind, number) = match part.split_once(':') {
            Some(("gpu" | "gres", _)) => {
                return refused("it counts GPUs, so that `gpu:` is too much");
            }
            Some((kind, number)) => (kind, number),
            None if part.bytes().all(|it| it.is_ascii_digit()) => ("", part),
            // A type alone is one of it, as for sbatch.
            None => (part, "1"),
        };
        let Ok(number) = number.parse::<u32>() else {
            return refused("that has no number of GPUs");
        };
        if !(kind.is_empty() && !part.contains(':') || is_name(kind)) {
            return refused("that has no name of a type");
        }
        // Slurm heeds the last of two that say the same, and takes none beside a number without a type.
        if types.contains(&kind) || types.contains(&"") || (kind.is_empty() && !types.is_empty()) {
            return refused("it counts the same GPUs twice");
        }
        types.push(kind);
        count += u64::from(number);
    }
    Ok(count)
}

/// Whether GPUs are among those generic resources.
fn has_gpus(gres: &str) -> bool {
    let names = gres.split(',').map(|one| one.strip_prefix("gres:").unwrap_or(one));
    names.filter_map(|one| one.split(':').next()).any(|name| name == "gpu")
}

/// Makes sure that it is a list of `name`, `name:number`, `name:type` and `name:type:number`.
fn is_gres(gres: &str) -> Result<()> {
    let is_number = |text: &str| {
        let digits = text.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G', 't', 'T']);
        !digits.is_empty()
            && text.len() - digits.len() < 2
            && digits.bytes().all(|it| it.is_ascii_digit())
    };
    let is_one = |one: &str| {
        let parts: Vec<&str> = one.strip_prefix("gres:").unwrap_or(one).split(':').collect();
        match *parts.as_slice() {
            [name] => is_name(name),
            [name, more] => is_name(name) && (is_name(more) || is_number(more)),
            [name, kind, number] => is_name(name) && is_name(kind) && is_number(number),
            _ => false,
        }
    };
    match gres.split(',').find(|one| !is_one(one)) {
        None => Ok(()),
        Some(odd) => Err(ConnectorError::invalid_task(format!(
            "`custom.gres` has {odd:?} in it, which is no generic resource. Write `name:type:number`, such as \
             `gpu:a100:2`, or `name:number`, with commas between several and no blanks"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{Asked, Gpus, Sent};

    fn of(text: &str) -> Gpus {
        Gpus::OfType(text.to_owned())
    }

    #[test]
    fn what_is_asked_for_is_sent_with_the_variables_of_sbatch() {
        let two = Gpus::Count(2);
        let Sent { fields, variables } = Asked {
            gpus: Some(&two),
            cpus_per_gpu: Some(4),
            memory_per_gpu: Some(500),
            ..Asked::default()
        }
        .sent()
        .unwrap();
        assert_eq!(json!(fields), json!({"gpus": "2", "cpus_per_gpu": "4", "memory_per_gpu": 500}));
        let expected = [
            ("SLURM_GPUS", "2".to_owned()),
            ("SLURM_CPUS_PER_GPU", "4".to_owned()),
            ("SLURM_MEM_PER_GPU", "500".to_owned()),
        ];
        assert_eq!(variables, expected);
        let typed = of("a100:2,v100");
        let per_node = Asked { gpus_per_node: Some(&typed), ..Asked::default() }.sent().unwrap();
        assert_eq!(json!(per_node.fields), json!({"gpus_per_node": "a100:2,v100"}));
        assert_eq!(per_node.variables, [("SLURM_GPUS_PER_NODE", "a100:2,v100".to_owned())]);
        let asked = Asked { gpus_per_task: Some(&typed), tasks: Some(2), ..Asked::default() };
        let per_task = asked.sent().unwrap();
        assert_eq!(json!(per_task.fields), json!({"gpus_per_task": "a100:2,v100"}));
        assert_eq!(per_task.variables, [("SLURM_GPUS_PER_TASK", "3".to_owned())], "no type");
        for gres in [
            "gpu",
            "gpu:1",
            "gpu:a100",
            "gpu:a100:2",
            "gres:gpu:1",
            "none",
            "nic:1,bandwidth:fast:4G",
        ] {
            let asked = Asked { gres: Some(gres), ..Asked::default() };
            let Sent { fields, variables } = asked.sent().unwrap();
            assert_eq!((json!(fields), variables.len()), (json!({ "gres": gres }), 0));
        }
        for nothing in
            [Asked::default(), Asked { gres: Some(""), gpus: Some(&of("")), ..Asked::default() }]
        {
            assert!(nothing.words().is_none());
            let Sent { fields, variables } = nothing.sent().unwrap();
            assert!(fields.is_empty() && variables.is_empty());
        }
    }

    #[test]
    fn what_slurm_cannot_read_is_refused_in_words() {
        let refused = |asked: &Asked<'_>| {
            let error = asked.sent().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            error.message().to_owned()
        };
        for (text, why) in [
            ("gpu:1", "`gpu:` is too much"),
            ("gpu:a100:1", "`gpu:` is too much"),
            ("a100:x", "no number of GPUs"),
            ("a100:", "no number of GPUs"),
            ("-1", "no name of a type"),
            (":2", "no name of a type"),
            ("a 100:2", "no name of a type"),
            ("a100:1, v100:1", "no name of a type"),
            ("1:a100", "no number of GPUs"),
            ("1.5", "such as `a100:2`"),
            ("1,1", "counts the same GPUs twice"),
            ("a100:1,a100:2", "counts the same GPUs twice"),
            ("a100:1,2", "counts the same GPUs twice"),
            ("2,a100:1", "counts the same GPUs twice"),
        ] {
            let message = refused(&Asked { gpus: Some(&of(text)), ..Asked::default() });
            assert!(
                message.contains(why) && message.contains("`custom.gpus`"),
                "{text}: {message}"
            );
        }
        for gres in
            ["gpu=1", "gpu:1, gpu:2", "gpu:a:b", "gpu:plain:1(S:0)", "gres/gpu:1", "gpu:", ","]
        {
            let message = refused(&Asked { gres: Some(gres), ..Asked::default() });
            assert!(message.contains("is no generic resource"), "{gres}: {message}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let (one, none) = (Gpus::Count(1), Asked::default);
        for (asked, said) in [
            (
                Asked { gpus: Some(&one), gres: Some("gpu:1"), ..none() },
                "`custom.gres` and `custom.gpus` both",
            ),
            (
                Asked {
                    gpus_per_node: Some(&one),
                    gpus_per_task: Some(&one),
                    tasks: Some(1),
                    ..none()
                },
                "`custom.gpus_per_node` and `custom.gpus_per_task` both",
            ),
            (Asked { gpus_per_task: Some(&one), ..none() }, "needs `custom.tasks`"),
            (Asked { cpus_per_gpu: Some(1), ..none() }, "asks for no GPU"),
            (Asked { memory_per_gpu: Some(1), gres: Some("nic:1"), ..none() }, "asks for no GPU"),
            (
                Asked { gpus: Some(&one), cpus_per_gpu: Some(1), cpus_per_task: Some(1), ..none() },
                "`custom.cpus_per_gpu` and `custom.cpus_per_task` cannot both be",
            ),
            (
                Asked {
                    gpus: Some(&one),
                    memory_per_gpu: Some(1),
                    memory_per_node: Some(1),
                    ..none()
                },
                "`custom.memory_per_gpu` and `custom.memory_per_node` cannot both be",
            ),
        ] {
            let error = asked.sent().unwrap_err();
            assert!(error.message().contains(said), "{error}");
        }
        let beside = Asked { gpus: Some(&one), gres: Some("nic:1"), tasks: Some(2), ..none() };
        assert!(beside.sent().is_ok());
        assert_eq!(beside.words().unwrap(), "`gres` nic:1 and `gpus` 1");
    }
}
