#!/usr/bin/env bash
# A Slurm job whose folder is not there runs in /tmp, and is COMPLETED.
#
# Guess:   a job that cannot enter its working folder on the node fails, as one does that cannot open its output file.
# Happens: Slurm 22.05.8 notes the folder at the submission. Where the node does not have it when the job begins (it was
#          removed, or the file system is not mounted there), the script runs in /tmp, ends with COMPLETED 0:0, and the
#          controller shows the folder that was asked for. A line about it stands in the log of slurmd and in the job's
#          stderr. If the folder of the output file is missing, too, nothing runs: FAILED, JobLaunchFailure, 0:53.
# Matters: results by relative names are left in /tmp of a node, where the next job may find them, and the job that
#          should have failed is a success. Since output files are usually given by a path elsewhere, the second guard
#          does not help. Begin scripts with `cd "$SLURM_SUBMIT_DIR" || exit 1`, or look for what they wrote.
set -euo pipefail
export PATH="$PATH:/usr/sbin"
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || {
    echo "needs Debian 12's slurmctld, slurmd, slurm-client and munge: no $program" >&2
    exit 2
  }
done
work=$(mktemp -d)
started=()
finish() {
  kill "${started[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
chmod 755 .
mkdir state spool
head -c 1024 /dev/urandom > munge.key
chmod 400 munge.key
ports=($(python3 - <<'PY'
import socket

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))
PY
))
host=$(hostname -s)
user=$(id -un)
cat > slurm.conf <<CONF
ClusterName=finding
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
AuthType=auth/munge
AuthInfo=socket=$work/munge.sock
SlurmUser=$user
SlurmdUser=$user
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF=$work/slurm.conf
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.sock" --pid-file="$work/munged.pid" \
  --log-file="$work/munged.log" --seed-file="$work/munge.seed" >munged.out 2>&1 &
started+=($!)
until_so() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done; echo "not so: $*" >&2; exit 1; }
until_so test -S munge.sock
slurmctld -D >slurmctld.log 2>&1 &
started+=($!)
slurmd -D >slurmd.log 2>&1 &
started+=($!)
idle() { sinfo -h -o %T | grep -q idle; }
until_so idle
sbatch --version

# Submits from a folder of its own, which is gone when the job begins, and prints what Slurm says in the end.
job() {
  local name=$1 output=$2 id
  mkdir "$name"
  id=$(cd "$name" && sbatch --parsable --hold --output="$output" \
    --wrap "pwd > '$work/$name.ran'; echo \"asked for \$SLURM_SUBMIT_DIR\" >> '$work/$name.ran'")
  rmdir "$name"
  scontrol release "$id"
  until_so bash -c "squeue -h -t COMPLETED,FAILED -j $id -o %T | grep -q ."
  scontrol show job "$id" --oneliner | tr ' ' '\n' | grep -E '^(JobState|Reason|ExitCode|WorkDir)=' | paste -sd' '
}
elsewhere=$(job elsewhere "$work/elsewhere.out")
ran=$(head -1 elsewhere.ran)
beside=$(job beside slurm-%j.out)
echo "output in another folder: $elsewhere; the script ran in $ran; its output: $(tail -1 elsewhere.out)"
echo "output in that folder: $beside; it $([ -e beside.ran ] && echo ran || echo did not run)"
case "$elsewhere|$ran|$beside" in
  *JobState=COMPLETED*ExitCode=0:0*"WorkDir=$work/elsewhere|/tmp|"*JobState=FAILED*JobLaunchFailure*ExitCode=0:53*) ;;
  *)
    echo "CHANGED: a job without its folder ends otherwise now"
    exit 1
    ;;
esac
[ ! -e beside.ran ]
