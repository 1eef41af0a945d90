//! What the node of the Slurm in `slurm` has for GPUs: two of the type `plain`, whose devices are links to ones that do
//! no harm. Slurm gives them to jobs and takes them back; that nothing is behind them it does not notice.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What the controller needs to know first.
pub(crate) const KINDS: &str = "GresTypes=gpu\n";
/// What the node has of them.
pub(crate) const OF_THE_NODE: &str = "Gres=gpu:plain:2";

/// Writes which devices they are. Slurm takes no files for that.
pub(crate) fn write(folder: &Path) {
    for (name, device) in [("gpu0", "/dev/null"), ("gpu1", "/dev/zero")] {
        symlink(device, folder.join(name)).expect("a link");
    }
    let devices = format!("Name=gpu Type=plain File={}/gpu[0-1]\n", folder.display());
    fs::write(folder.join("gres.conf"), devices).expect("a file");
}
