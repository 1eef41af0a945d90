#!/usr/bin/env bash
# Asked about a job with a token that has run out, slurmrestd answers that it cannot find the job.
#
# Guess:   a token that is not taken is a 401, as a missing one is.
# Happens: slurmrestd (Slurm 22.05.8, v0.0.38) answers 500 with "Unable to find JobId=N", in the words it has for a job
#          that does not exist; `error_number` is -1 ("Unspecified error") and not 2017. It says exactly the same when
#          the controller does not answer. A submission with that token is "Zero Bytes were transmitted or received".
# Matters: a poller that reads the text takes a running job for gone as soon as its token is an hour old, and starts
#          another one beside it. Only 2017 means that there is no such job; -1 means to ask again, with a new token.
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

# It refuses to run as root, or as the user that Slurm runs as, which are the only ones here.
SLURM_JWT=daemon SLURMRESTD_SECURITY=disable_user_check \
  slurmrestd -a rest_auth/jwt -s openapi/v0.0.38 "127.0.0.1:${ports[2]}" >slurmrestd.log 2>&1 &
started+=($!)
token() { scontrol token "username=$user" "lifespan=$1" | cut -d= -f2-; }
asked() {  # token, job: status, and the first error
  curl -s -m 60 -w '\n%{http_code}' -H "X-SLURM-USER-NAME: $user" -H "X-SLURM-USER-TOKEN: $1" \
    "http://127.0.0.1:${ports[2]}/slurm/v0.0.38/job/$2" | python3 -c '
import json, sys
body, status = sys.stdin.read().rsplit("\n", 1)
answer = json.loads(body) if body.startswith("{") else {"errors": [{"description": body}]}
error = (answer["errors"] or [{}])[0]
states = [job["job_state"] for job in answer.get("jobs", [])]
print(status, error.get("error_number"), error.get("description", states))'
}
until_so curl -s -o /dev/null "http://127.0.0.1:${ports[2]}/"
job=$(sbatch --parsable --output=/dev/null --wrap 'sleep 600')
good=$(token 600) old=$(token 1)
sleep 2.5
taken=$(asked "$good" "$job") gone=$(asked "$good" 999999) out=$(asked "$old" "$job") none=$(asked "" "$job")
scancel "$job"
gone_from_node() { ! pgrep -f "$work/spool"; }
until_so gone_from_node
kill "$controller"
wait "$controller" || true
away=$(asked "$good" "$job")
echo "a good token:                $taken"
echo "a job that is not there:     $gone"
echo "no token:                    $none"
echo "a token that ran out:        $out"
echo "the controller is away:      $away"
case "$taken/$gone/$none/$out/$away" in
  "200 None "*"/500 2017 Unable to find JobId=999999/401 "*"/500 -1 Unable to find JobId=$job/500 -1 Unable to find JobId=$job") ;;
  *) echo "CHANGED: tokens that ran out are answered in another way now"; exit 1 ;;
esac
