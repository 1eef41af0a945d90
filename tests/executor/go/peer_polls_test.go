// What the executor does when GetTask fails. This is the behaviour that the server's masked polls
// exist for. A test that fails here means that the peer has changed: see docs/src/executor.md.

package executor

import (
	"context"
	"strings"
	"testing"
	"time"

	flyteorgv1 "github.com/flyteorg/flyte/v2/executor/api/v1"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/connector"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
)

// budget is how many failed polls the executor forgives in the life of a job (MaxSystemFailures).
const budget = 5

// failing answers RUNNING where `well` says so and fails otherwise, until `recovered` calls were made;
// from then on the job is done.
func failing(recovered int, well func(n int) bool) func(int) (*connector.Resource, error) {
	return func(n int) (*connector.Resource, error) {
		switch {
		case n >= recovered:
			return In(core.TaskExecution_SUCCEEDED), nil
		case well(n):
			return In(core.TaskExecution_RUNNING), nil
		default:
			return nil, Trouble(n)
		}
	}
}

func awaitGets(t *testing.T, job *Job, run *Run, gets int) {
	t.Helper()
	run.Await(t, time.Duration(gets+3)*Resync, "the polls", func(*flyteorgv1.TaskAction) bool {
		return job.Count("get") >= gets
	})
}

func TestPeerJobThatWasNeverPolledWellFailsAfterSixErrors(t *testing.T) {
	t.Parallel()
	job := peer.Play("never", Script{Get: failing(budget+1, func(int) bool { return false })})
	task := peerTask("never")
	task.Retries = 2
	run := world.Submit(t, task)
	action := run.Finished(t, (budget+4)*Resync)
	code, message := Failure(action)
	t.Logf("seen: %s", describe(action))
	if Succeeded(action) || code != "AutoRefreshCacheFailed" || !strings.Contains(message, "the vendor is down, call 5") {
		t.Errorf("the peer used to fail such a job for good, with the sixth error: %s", describe(action))
	}
	if action.Status.Attempts != 1 || job.Count("create") != 1 {
		t.Errorf("the peer used to spend no retry on this: %s", describe(action))
	}
	quiet(2)
	if gets := job.Count("get"); gets != budget+1 {
		t.Errorf("the peer used to stop asking after 6 failed polls; now it asked %d times", gets)
	}
}

func TestPeerJobThatWasPolledWellOnceIsWedgedAfterSixErrors(t *testing.T) {
	t.Parallel()
	job := peer.Play("once", Script{Get: failing(budget+2, func(n int) bool { return n == 0 })})
	run := world.Submit(t, peerTask("once"))
	awaitGets(t, job, run, budget+2)
	// The vendor is well again from here on, and the job is done. Nobody asks.
	quiet(4)
	action := run.Now(t)
	t.Logf("seen: %d polls, then %s", job.Count("get"), describe(action))
	if gets := job.Count("get"); gets != budget+2 {
		t.Errorf("the peer used to stop asking for ever after 6 errors; now it asked %d times", gets)
	}
	if Done(action) || action.Status.PluginPhase != "PhaseRunning" || action.Status.SystemFailures != 0 {
		t.Errorf("the peer used to report the last phase for ever: %s", describe(action))
	}
}

func TestPeerSuccessDoesNotResetTheCountOfErrors(t *testing.T) {
	t.Parallel()
	const polls = 9
	job := peer.Play("spread", Script{Get: failing(polls, func(n int) bool { return n%3 == 0 })})
	run := world.Submit(t, peerTask("spread"))
	awaitGets(t, job, run, polls)
	quiet(3)
	action := run.Now(t)
	t.Logf("seen: %d polls, then %s", job.Count("get"), describe(action))
	if gets := job.Count("get"); gets != polls || Done(action) {
		t.Errorf("two errors at a time used to wedge a job, too: %d polls, %s", gets, describe(action))
	}
}

func TestPeerRestartTurnsAWedgedJobIntoAFailedOne(t *testing.T) {
	t.Parallel()
	own, err := NewWorld(served, peer.Address)
	must(t, err)
	first, stop := context.WithCancel(t.Context())
	defer stop()
	must(t, own.Start(first))
	job := peer.Play("restart", Script{Get: failing(budget+2, func(n int) bool { return n == 0 })})
	run := own.Submit(t, peerTask("restart"))
	awaitGets(t, job, run, budget+2)
	quiet(1)
	if action := run.Now(t); Done(action) {
		t.Fatalf("the job is not wedged: %s", describe(action))
	}
	stop()
	second, stop := context.WithCancel(t.Context())
	defer stop()
	must(t, own.Start(second))
	action := run.Finished(t, 3*Resync)
	code, message := Failure(action)
	t.Logf("seen: %d polls, then %s", job.Count("get"), describe(action))
	if Succeeded(action) || code != "AutoRefreshCacheFailed" || !strings.Contains(message, "the vendor is down") {
		t.Errorf("a restart used to fail a wedged job without asking the connector: %s", describe(action))
	}
	if gets := job.Count("get"); gets != budget+2 {
		t.Errorf("a restart used not to ask the connector; now it asked %d times", gets)
	}
}
