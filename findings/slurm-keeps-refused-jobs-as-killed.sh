#!/usr/bin/env bash
# A job that Slurm refuses is kept, as one that a signal has killed.
#
# Guess:   what is refused ("Requested node configuration is not available", no id) leaves nothing behind.
# Happens: Slurm 22.05.8 keeps a job under the name that was asked for, FAILED, for MinJobAge seconds, whoever submitted
#          it. Its exit code is 0:1, which is signal 1, and it has a start and an end, though nothing of it ran. Only the
#          reason BadConstraints tells it from a script that was hung up on. What cannot be read, such as an unknown
#          partition, does leave nothing.
# Matters: whoever looks for a job by its name, because an answer may have been lost, finds one that was never taken, and
#          reports "killed by SIGHUP". Read the reason before the code.
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
# Devices that do no harm stand for two GPUs: Slurm hands them out by their numbers and never opens them.
ln -s /dev/null gpu0
ln -s /dev/zero gpu1
echo "Name=gpu Type=a100 File=$work/gpu[0-1]" > gres.conf
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
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 Gres=gpu:a100:2 State=UNKNOWN
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

submit() { sbatch --parsable --output=/dev/null "$@" --wrap true 2>&1 || true; }
records() { squeue -h -t all --name "$1" -o '%T %r'; }
no_node=$(submit --job-name=no-node --gpus=3)
no_partition=$(submit --job-name=no-partition --partition=nowhere)
kept=$(records no-node)
other=$(records no-partition)
id=$(squeue -h -t all --name no-node -o %i)
shown=$(scontrol show job "$id" --oneliner | tr ' ' '\n' | grep -E '^(ExitCode|Reason|BatchHost|NodeList)=' | paste -sd' ')
echo "three GPUs where there are two: $no_node"
echo "kept of it: $kept; $shown"
echo "a partition that is none: $no_partition"
echo "kept of it: ${other:-nothing}"
if [ "$kept|$other" != "FAILED BadConstraints|" ] || ! grep -q 'ExitCode=0:1' <<<"$shown"; then
  echo "CHANGED: Slurm keeps something else of what it refuses now"
  exit 1
fi
