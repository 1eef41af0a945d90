#!/usr/bin/env bash
# Of a job that Slurm does not know, squeue says so when asked for that one alone, and scancel never.
#
# Guess:   `squeue -j` and `scancel` report an id that they do not know, by a text and an exit code, in a list as well.
# Happens: with Slurm 22.05.8 `squeue -j 9999` is "Invalid job id specified" and 1. In a list of ids, all unknown or
#          some, those are left out, with 0; so is a job that has ended and is still known, alone or in a list, unless
#          `--states all` is given: empty and 0. `scancel` of an unknown or ended job ends with 0 and without a word.
# Matters: who polls many jobs by one command and reads the exit code never hears that one is gone, and waits for it, or
#          takes an empty answer for "all ended well". A cancel with a wrong id, or on a login node of another cluster,
#          has "worked", and the job runs on. Ask with --states all, count the rows, and look after a cancel.
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

submit() { sbatch --parsable --output=/dev/null --wrap "$1"; }
ended=$(submit true)
until_so bash -c "squeue -h --states all -j $ended -o %T | grep -q COMPLETED"
running=$(submit 'sleep 600')
until_so bash -c "squeue -h -j $running -o %T | grep -q RUNNING"
seen=()
# Runs it, and notes what it says and how it ends, with names for ids.
ask() {
  local code=0 said
  said=$("$@" 2>&1) || code=$?
  said=$(sed -E "s/^$running /running /; s/^$ended /ended /" <<<"$said" | paste -sd, -)
  echo "${*//, /,}: exit code $code: ${said:-nothing}"
  seen+=("$code ${said:-nothing}")
}
ask squeue -h -j 9999 -o '%i %T'
ask squeue -h -j 9998,9999 -o '%i %T'
ask squeue -h -j "$running,9999" -o '%i %T'
ask squeue -h -j "$ended" -o '%i %T'
ask squeue -h -j "$ended" --states all -o '%i %T'
ask scancel 9999
ask scancel "$ended"
# Nothing of it outlives this script.
scancel "$running"
until_so bash -c "squeue -h --states all -j $running -o %T | grep -q CANCELLED"
expected=('1 slurm_load_jobs error: Invalid job id specified' '0 nothing' '0 running RUNNING' '0 nothing'
  '0 ended COMPLETED' '0 nothing' '0 nothing')
if [ "${seen[*]}" != "${expected[*]}" ]; then
  echo "CHANGED: Slurm tells of unknown jobs otherwise now"
  exit 1
fi
