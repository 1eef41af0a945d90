//! A connector as command lines name it: a task type, and a version where it matters.
//! `--expect` and `run` read it. Whether there is such a connector is asked elsewhere.

use std::fmt;

use connector_core::TaskType;

/// A task type, and the version if it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) task_type: TaskType,
    pub(crate) version: Option<i32>,
}

impl Wanted {
    /// Reads `TASK_TYPE` or `TASK_TYPE@VERSION`.
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
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.task_type),
            None => write!(f, "{}", self.task_type),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn versions_are_part_of_the_name() {
        let wanted = |text| Wanted::parse(text).map(|it| (it.task_type.to_string(), it.version));
        assert_eq!(wanted("render"), Ok(("render".to_owned(), None)));
        assert_eq!(wanted("render@2"), Ok(("render".to_owned(), Some(2))));
        assert!(wanted("render@x").unwrap_err().contains("TASK_TYPE@VERSION"));
        assert!(wanted("ren der").is_err());
    }

    #[test]
    fn reads_type_and_version() {
        assert_eq!(Wanted::parse("spark@1").unwrap().to_string(), "spark@1");
        assert_eq!(Wanted::parse("spark").unwrap().to_string(), "spark");
        for wrong in ["", "@1", "spark@", "spark@x", "spark@-1", "a b@1"] {
            assert!(Wanted::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
