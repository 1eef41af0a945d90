//! Answers of `sbatch`, on the login node of the Slurm in `slurm`, that tests lose or hold.

use std::fs;

use crate::slurm::Slurm;
use crate::slurm_shims::{HOLD, LOSE};

impl Slurm {
    /// Loses the answer of the next submission: the job is there, and the connection breaks.
    ///
    /// # Panics
    /// The folder is gone.
    pub fn lose_next_answer(&self) {
        fs::write(self.folder().join(LOSE), "").expect("a file");
    }

    /// Holds the answers of submissions, whose jobs are there, until [`Slurm::give_answers`].
    ///
    /// # Panics
    /// The folder is gone.
    pub fn hold_answers(&self) {
        fs::write(self.folder().join(HOLD), "").expect("a file");
    }

    /// Gives what was held, to whoever listens still.
    ///
    /// # Panics
    /// Nothing is held.
    pub fn give_answers(&self) {
        fs::remove_file(self.folder().join(HOLD)).expect("answers that are held");
    }
}
