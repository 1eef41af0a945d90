//! The jobs that a script waits for. Slurm leaves out a dependency on a job that its controller does not know,
//! and the script runs at once (seen with 22.05.8), so they are looked at before the script is submitted.

use std::collections::BTreeSet;

use crate::states::is_id;

const OPTION: &str = "--dependency";
/// The shortest beginning that sbatch takes for the option, and for no other one.
const SHORTEST: &str = "--dep";

/// The ids in the dependencies of a script's `#SBATCH` lines, without the numbers of an array's tasks.
pub(crate) fn of_script(script: &str) -> BTreeSet<&str> {
    let head = script.lines().take_while(|line| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#')
    });
    let options = head.filter_map(|line| line.trim_start().strip_prefix("#SBATCH"));
    options.flat_map(values).flat_map(ids).collect()
}

/// The values of the option in one line, which may have several options and a comment at its end.
fn values(line: &str) -> Vec<&str> {
    let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
    let mut values = Vec::new();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        if name.starts_with(SHORTEST) && OPTION.starts_with(name) || word == "-d" {
            values.extend(value.or_else(|| words.next()));
        } else if let Some(value) = word.strip_prefix("-d") {
            values.push(value);
        }
    }
    values
}

/// The ids in `afterok:7:8,after:9+10?afterany:11_2`.
pub(crate) fn ids(value: &str) -> impl Iterator<Item = &str> {
    let conditions = value.trim_matches(['"', '\'']).split([',', '?']);
    let named = conditions.flat_map(|condition| condition.split(':').skip(1));
    let whole = named.filter_map(|id| id.split(['+', '_']).next());
    whole.filter(|id| is_id(id))
}

#[cfg(test)]
mod tests {
    use super::of_script;

    #[test]
    fn every_spelling_of_the_option_is_read() {
        for (script, ids) in [
            (
                "#!/bin/bash\n#SBATCH --dependency=afterok:7:8,after:9+10?afterany:11_2\n",
                &["11", "7", "8", "9"][..],
            ),
            ("#SBATCH -N1 -d afterok:7 # on the first\n\n#SBATCH -dafterok:8", &["7", "8"]),
            ("#SBATCH --depend=\"afterok:7\"\n#SBATCH --dependency afterany:8", &["7", "8"]),
            ("#SBATCH --dependency=singleton", &[]),
            ("#SBATCH --deadline=now+1hour --delay-boot=7 # -d afterok:7", &[]),
            ("# #SBATCH -d afterok:7\n##SBATCH -d afterok:7", &[]),
            ("true\n#SBATCH --dependency=afterok:7", &[]),
            ("#SBATCH -d", &[]),
            ("#SBATCH -d expand:x", &[]),
        ] {
            assert_eq!(of_script(script).into_iter().collect::<Vec<_>>(), ids, "{script}");
        }
    }
}
