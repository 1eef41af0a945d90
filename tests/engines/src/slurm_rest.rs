//! Tasks of type `slurm_rest` for the Slurm of the tests, and the tokens that they need.

use serde_json::{Value, json};

use crate::jobs::Attempt;
use crate::slurm::Slurm;

impl Slurm {
    /// Where the daemon is.
    #[must_use]
    pub fn rest(&self) -> String {
        format!("http://127.0.0.1:{}", self.rest_port())
    }

    /// A token that opens it for the tests' user, for so many seconds.
    ///
    /// # Panics
    /// Slurm makes none.
    #[must_use]
    pub fn token(&self, seconds: u32) -> String {
        let user = format!("username={}", self.user());
        let said = self.said("scontrol", &["token", &user, &format!("lifespan={seconds}")]);
        said.trim().strip_prefix("SLURM_JWT=").expect("a token").to_owned()
    }

    /// A script as a task of slurmrestd, with a token for an hour.
    ///
    /// # Panics
    /// `more` is no object.
    #[must_use]
    pub fn rest_script(&self, script: &str, more: Value) -> Attempt {
        let attempt = Attempt::of("slurm_rest", self.rest_custom(script, more));
        attempt.secret("slurm_token", &self.token(3600))
    }

    /// The settings of such a task.
    ///
    /// # Panics
    /// `more` is no object.
    #[must_use]
    pub fn rest_custom(&self, script: &str, more: Value) -> Value {
        let mut custom = json!({
            "url": self.rest(), "script": script,
            "working_dir": self.folder().join("home").display().to_string(),
        });
        let settings = custom.as_object_mut().expect("an object");
        let Value::Object(more) = more else { panic!("no object: {more}") };
        settings.extend(more);
        custom
    }
}
