//! Programs that stand before others on the login node of the Slurm in `slurm`: an `sbatch` whose answers tests lose or
//! hold, and an `apptainer` that says what it is to run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Where programs are looked for.
pub(crate) const PLACES: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A file in the folder that has the next answer of `sbatch` lost.
pub(crate) const LOSE: &str = "lose";
/// One that has answers held while it is there.
pub(crate) const HOLD: &str = "hold";

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
