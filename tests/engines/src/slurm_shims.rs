//! Programs that stand before others on the login node of the Slurm in `slurm`: an `sbatch` whose answers tests lose or
//! hold, and an `apptainer` that says what it is to run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::slurm::{PLACES, Slurm};

/// Loses the next answer.
const LOSE: &str = "lose";
/// Holds answers while it is there.
const HOLD: &str = "hold";

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

pub(crate) fn write(folder: &Path) {
    let sbatch = format!(
        "#!/bin/sh
real=$(PATH={PLACES}; command -v sbatch)
answer=$(\"$real\" \"$@\"); code=$?
while [ -e {folder}/{HOLD} ]; do sleep 0.1; done
if [ -e {folder}/{LOSE} ]; then
  rm {folder}/{LOSE}
  session=$PPID
  [ \"$(cat /proc/$session/comm)\" = sshd ] || session=$(ps -o ppid= -p $session)
  kill -KILL $session
fi
[ -z \"$answer\" ] || echo \"$answer\"
exit $code
",
        folder = folder.display()
    );
    let apptainer = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n".to_owned();
    for (name, text) in [("sbatch", sbatch), ("apptainer", apptainer)] {
        let path = folder.join("bin").join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
}
