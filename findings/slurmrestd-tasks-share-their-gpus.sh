#!/usr/bin/env bash
# Tasks of a Slurm job that was submitted over REST share the GPUs that sbatch would give them one by one.
#
# Guess:   `"tasks": 2, "gpus_per_task": "1"` in a submission to slurmrestd is `sbatch --ntasks=2 --gpus-per-task=1`.
# Happens: with slurmrestd 22.05.8 the job gets both GPUs, as with sbatch, and each task that srun starts in it sees both:
#          srun reads SLURM_GPUS_PER_TASK, which sbatch sets and the daemon does not. scontrol shows the two jobs alike.
# Matters: two trainings compute on GPU 0 and leave GPU 1 idle. Whoever submits over REST sets the variables that sbatch
#          sets for its options.
set -euo pipefail
export PATH="$PATH:/usr/sbin"
for program in munged slurmctld slurmd slurmrestd sbatch; do
  command -v "$program" >/dev/null || {
    echo "needs Debian 12's slurmctld, slurmd, slurm-client, slurmrestd, slurm-wlm-jwt-plugin and munge: no $program" >&2
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
# It refuses root, and the user that Slurm runs as, which are the only ones here; each caller brings a token.
SLURM_JWT=daemon SLURMRESTD_SECURITY=disable_user_check slurmrestd -a rest_auth/jwt -s openapi/v0.0.38 \
  "127.0.0.1:${ports[2]}" >slurmrestd.log 2>&1 &
started+=($!)
sbatch --version

cat > submit.py <<'PY'
import json
import sys
import urllib.error
import urllib.request

port, token, user, script, folder, variables = sys.argv[1:]
job = {
    "name": "rest", "tasks": 2, "gpus_per_task": "1", "current_working_directory": folder,
    "standard_output": folder + "/out-%j.txt",
    "environment": {"PATH": "/usr/local/bin:/usr/bin:/bin", **json.loads(variables)},
}
body = json.dumps({"script": open(script).read(), "job": job}).encode()
headers = {"X-SLURM-USER-NAME": user, "X-SLURM-USER-TOKEN": token, "Content-Type": "application/json"}
url = f"http://127.0.0.1:{port}/slurm/v0.0.38/job/submit"
with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
    print(json.load(answer)["job_id"])
PY
cat > sees.sh <<'JOB'
#!/bin/bash
echo "job:$CUDA_VISIBLE_DEVICES"
srun sh -c 'echo "task:${CUDA_VISIBLE_DEVICES-none told}"' | sort
JOB
token=$(scontrol token username="$user" | cut -d= -f2)
answers() { python3 -c "import socket; socket.create_connection(('127.0.0.1', ${ports[2]})).close()"; }
until_so answers
ended() { squeue -h -t all -j "$1" -o %T | grep -q COMPLETED; }
sees() { # a job's id
  until_so ended "$1"
  paste -sd' ' "out-$1.txt"
}
over_rest() { python3 submit.py "${ports[2]}" "$token" "$user" sees.sh "$work" "$1"; }
sbatch=$(sees "$(sbatch --parsable --output=out-%j.txt --ntasks=2 --gpus-per-task=1 sees.sh)")
rest=$(sees "$(over_rest '{}')")
told=$(sees "$(over_rest '{"SLURM_GPUS_PER_TASK": "1"}')")
echo "sbatch --gpus-per-task=1:             $sbatch"
echo "slurmrestd, gpus_per_task 1:          $rest"
echo "the same with SLURM_GPUS_PER_TASK=1:  $told"
own="job:0,1 task:0 task:1"
if [ "$sbatch|$rest|$told" != "$own|job:0,1 task:0,1 task:0,1|$own" ]; then
  echo "CHANGED: tasks of jobs that come over REST see other GPUs now"
  exit 1
fi
