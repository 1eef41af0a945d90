//! Runs `drive.py` against a server and reads the transcript that it prints.
//! The tests ask a transcript for its steps by name; `differential.rs` reads all of them.
//! No expectation lives here: a step is what the Python side saw, unchanged.

use serde_json::Value;

use crate::peer::Server;
use crate::venv::{Venv, run};
use crate::{HarnessError, Result};

/// Everything that one run of `drive.py` saw, in the order in which it saw it.
#[derive(Debug, Clone)]
pub struct Transcript {
    steps: Vec<Value>,
}

impl Transcript {
    /// The life of one job and all questions that need none.
    ///
    /// # Errors
    /// If the script breaks off; its own words are in the text.
    pub fn of_sequence(venv: &Venv, server: &Server) -> Result<Self> {
        Self::drive(venv, server, &["sequence", server.address()])
    }

    /// The requests of the differential test.
    ///
    /// # Errors
    /// If the script breaks off; its own words are in the text.
    pub fn of_differential(venv: &Venv, server: &Server) -> Result<Self> {
        Self::drive(venv, server, &["differential", server.address(), server.metrics_url()])
    }

    fn drive(venv: &Venv, server: &Server, arguments: &[&str]) -> Result<Self> {
        let complaint = format!("drive.py broke off against {}", server.name());
        let output = run(&complaint, venv.script("drive.py").args(arguments)).map_err(|error| {
            HarnessError::new(format!(
                "{error}\nwhat {} printed:\n{}",
                server.name(),
                server.output()
            ))
        })?;
        let document: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| HarnessError::from_cause("drive.py printed no JSON", error))?;
        match document.get("steps") {
            Some(Value::Array(steps)) => Ok(Self { steps: steps.clone() }),
            _ => Err(HarnessError::new("the transcript of drive.py has no steps")),
        }
    }

    /// A transcript of steps that are at hand.
    #[must_use]
    pub fn new(steps: Vec<Value>) -> Self {
        Self { steps }
    }

    /// Every step, in order.
    #[must_use]
    pub fn steps(&self) -> &[Value] {
        &self.steps
    }

    /// The steps of one name, in order; a call that was repeated has several.
    #[must_use]
    pub fn all(&self, case: &str) -> Vec<&Value> {
        self.steps.iter().filter(|step| step["case"] == case).collect()
    }

    /// The one step of that name.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn only(&self, case: &str) -> Result<&Value> {
        match self.all(case).as_slice() {
            [step] => Ok(step),
            found => Err(HarnessError::new(format!("{} steps are named {case:?}", found.len()))),
        }
    }
}
