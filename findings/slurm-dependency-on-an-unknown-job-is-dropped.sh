#!/usr/bin/env bash
# A Slurm job that is to run after a job that the controller does not know runs at once.
#
# Guess:   `sbatch --dependency=afterok:999999` is refused where there is no such job, or the job waits for ever.
# Happens: Slurm 22.05.8 accepts it, leaves the dependency out, and starts the job as soon as there is room. So it is
#          with a job that failed long ago and is forgotten, which takes MinJobAge seconds: "run this only if that went
#          well" runs after a failure. While the failed job is remembered the same line holds the job back.
# Matters: the order of a pipeline depends on how soon its next step is submitted. Whoever submits with a dependency
#          asks `scontrol show job` for each id first.
set -euo pipefail
for program in munged slurmctld slurmd slurmrestd; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || {
    echo "needs Debian 12's slurmctld, slurmd, slurm-client, slurmrestd, slurm-wlm-jwt-plugin and munge: no $program" >&2
    exit 2
  }
done
export PATH="$PATH:/usr/sbin"
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
head -c 32 /dev/urandom > jwt.key
chmod 400 munge.key jwt.key
ports=($(python3 - <<'PY'
import socket

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
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
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$work/jwt.key
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
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=$host NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF=$work/slurm.conf
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.sock" --pid-file="$work/munged.pid" \
  --log-file="$work/munged.log" --seed-file="$work/munge.seed" >munged.out 2>&1 &
started+=($!)
until_so() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done; echo "not so: $*" >&2; exit 1; }
until_so test -S munge.sock
slurmctld -D >slurmctld.log 2>&1 &
controller=$!
started+=($controller)
slurmd -D >slurmd.log 2>&1 &
started+=($!)
idle() { sinfo -h -o %T | grep -q idle; }
until_so idle
sbatch --version

state() { squeue -h -t all -j "$1" -o '%T, dependency %E, %r'; }
ended() { squeue -h -t all -j "$1" -o %T | grep -q "$2"; }
submit() { sbatch --parsable --output=/dev/null "$@"; }
failed=$(submit --wrap 'exit 1')
until_so ended "$failed" FAILED
known=$(submit "--dependency=afterok:$failed" --wrap true)
unknown=$(submit --dependency=afterok:999999 --wrap "touch $work/ran")
until_so ended "$unknown" COMPLETED
echo "after a failed job that is remembered: $(state "$known")"
echo "after a job that nobody knows:         $(state "$unknown")"
if ! ended "$known" PENDING || [ ! -e ran ]; then
  echo "CHANGED: dependencies on failed and on unknown jobs are treated in another way now"
  exit 1
fi
