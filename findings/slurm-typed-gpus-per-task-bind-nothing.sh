#!/usr/bin/env bash
# With a type in --gpus-per-task, tasks of a Slurm job are not told which GPU is their own.
#
# Guess:   `--ntasks=2 --gpus-per-task=a100:1` gives each task that srun starts one GPU, as `--gpus-per-task=1` does.
# Happens: Slurm 22.05.8 sets two GPUs aside for the job, but its tasks have no CUDA_VISIBLE_DEVICES at all, which CUDA
#          reads as "all there are": both take the first GPU of the node. Without the type each has its own; so it is
#          with the type for a single task. No word in any log.
# Matters: two trainings share one GPU, or one that is another job's, and each is slower or out of memory. Have srun
#          told the number alone: `srun --gpus-per-task=1` inside the job, or SLURM_GPUS_PER_TASK without the type.
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

cat > sees.sh <<'JOB'
#!/bin/bash
echo "job:$CUDA_VISIBLE_DEVICES"
srun "$@" sh -c 'echo "task:${CUDA_VISIBLE_DEVICES-none told}"' | sort
JOB
ended() { squeue -h -t all -j "$1" -o %T | grep -q COMPLETED; }
sees() { # how sbatch is called, and the arguments of srun in the job
  local id
  id=$(sbatch --parsable --output=out-%j.txt $1 sees.sh ${2-})
  until_so ended "$id"
  paste -sd' ' "out-$id.txt"
}
plain=$(sees "--ntasks=2 --gpus-per-task=1")
typed=$(sees "--ntasks=2 --gpus-per-task=a100:1")
single=$(sees "--ntasks=1 --gpus-per-task=a100:2")
again=$(sees "--ntasks=2 --gpus-per-task=a100:1" "--gpus-per-task=1")
echo "--gpus-per-task=1:                          $plain"
echo "--gpus-per-task=a100:1:                     $typed"
echo "--gpus-per-task=a100:2, one task:           $single"
echo "--gpus-per-task=a100:1, srun told 1 alone:  $again"
own="job:0,1 task:0 task:1"
if [ "$plain|$typed|$single|$again" != "$own|job:0,1 task:none told task:none told|job:0,1 task:0,1|$own" ]; then
  echo "CHANGED: tasks are told of their GPUs in another way now"
  exit 1
fi
