// When the executor calls CreateTask and DeleteTask, and what their errors do.
// A test that fails here means that the peer has changed: see docs/src/executor.md.

package executor

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	flyteorgv1 "github.com/flyteorg/flyte/v2/executor/api/v1"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/common"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/connector"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
)

func methods(job *Job) string {
	var names []string
	for _, call := range job.Calls() {
		names = append(names, call.Method)
	}
	return strings.Join(names, " ")
}

// metas tells which job each poll and each delete was about.
func metas(job *Job) (told []string) {
	for _, call := range job.Calls() {
		switch request := call.Request.(type) {
		case *connector.GetTaskRequest:
			told = append(told, "get "+string(request.GetResourceMeta()))
		case *connector.DeleteTaskRequest:
			told = append(told, "delete "+string(request.GetResourceMeta()))
		default:
			told = append(told, call.Method)
		}
	}
	return told
}

func creates(job *Job) (requests []*connector.CreateTaskRequest) {
	for _, call := range job.Calls() {
		if request, ok := call.Request.(*connector.CreateTaskRequest); ok {
			requests = append(requests, request)
		}
	}
	return requests
}

func attempt(request *connector.CreateTaskRequest) uint32 {
	return request.GetTaskExecutionMetadata().GetTaskExecutionId().GetRetryAttempt()
}

func TestPeerEachCreateErrorCostsAnAttempt(t *testing.T) {
	t.Parallel()
	job := peer.Play("refused", Script{
		Create: func(context.Context, int) error { return status.Error(codes.InvalidArgument, "bad SQL") },
	})
	task := peerTask("refused")
	task.Retries = 1
	start := time.Now()
	action := world.Submit(t, task).Finished(t, 8*Resync)
	t.Logf("seen after %s: %s, then %s",
		time.Since(start).Round(100*time.Millisecond), methods(job), describe(action))
	requests := creates(job)
	if methods(job) != "create create" || attempt(requests[0]) != 0 || attempt(requests[1]) != 1 {
		t.Fatalf("an error of any code used to be retried as a new attempt, with no delete: %s", methods(job))
	}
	if requests[0].GetOutputPrefix() == requests[1].GetOutputPrefix() {
		t.Error("each attempt used to have an output prefix of its own")
	}
	code, message := Failure(action)
	if code != "TaskFailedWithError" || !strings.Contains(message, "code = InvalidArgument desc = bad SQL") {
		t.Errorf("code and text of the create error used to reach the user: %s", describe(action))
	}
}

func TestPeerCreateThatOverrunsItsDeadlineLeavesAnOrphan(t *testing.T) {
	t.Parallel()
	job := peer.Play("slow", Script{Create: func(ctx context.Context, _ int) error {
		// The vendor has the job, but the answer comes too late.
		<-ctx.Done()
		return ctx.Err()
	}})
	run := world.Submit(t, peerTask("slow"))
	action := run.Finished(t, 8*Resync)
	if _, message := Failure(action); !strings.Contains(message, "DeadlineExceeded") {
		t.Errorf("a late create used to be an error: %s", describe(action))
	}
	run.Delete(t)
	run.Gone(t, 4*Resync)
	t.Logf("seen: %s", methods(job))
	if job.Count("delete") != 0 {
		t.Error("a create that timed out used to be forgotten: now its job is deleted")
	}
}

func TestPeerCreateIsRepeatedWithinAnAttemptAndTheSecondJobIsForgotten(t *testing.T) {
	t.Parallel()
	// Alone, because an event that is refused takes the others of its batch with it.
	own := alone(t)
	job := peer.Play("twice", Script{Get: Steps(core.TaskExecution_RUNNING, core.TaskExecution_SUCCEEDED)})
	run := own.SubmitTo(t, peerTask("twice"), own.Events.RefuseLaunch)
	action := run.Finished(t, 8*Resync)
	run.Delete(t)
	run.Gone(t, 3*Resync)
	t.Logf("seen: %s; %s", metas(job), describe(action))
	requests := creates(job)
	if len(requests) != 2 || attempt(requests[0]) != 0 || attempt(requests[1]) != 0 {
		t.Fatalf("an attempt whose first event was refused used to be created again: %s", methods(job))
	}
	if requests[0].GetOutputPrefix() != requests[1].GetOutputPrefix() {
		t.Error("both creates of one attempt used to have one output prefix")
	}
	if strings.Contains(strings.Join(metas(job), " "), "#1") {
		t.Errorf("the answer of the second create used to be dropped: %s", metas(job))
	}
}

func TestPeerRetryableFailureDeletesTheOldJobAndCreatesANewOne(t *testing.T) {
	t.Parallel()
	job := peer.Play("retryable", Script{Get: Steps(
		core.TaskExecution_RUNNING, core.TaskExecution_RETRYABLE_FAILED, core.TaskExecution_SUCCEEDED,
	)})
	task := peerTask("retryable")
	task.Retries = 1
	action := world.Submit(t, task).Finished(t, 10*Resync)
	t.Logf("seen: %s, then %s", methods(job), describe(action))
	if methods(job) != "create get get delete create get" || !Succeeded(action) || action.Status.Attempts != 2 {
		t.Errorf("a retry used to be delete, then create: %s, %s", methods(job), describe(action))
	}
}

func TestPeerRetryableFailureIsFinalWithoutRetries(t *testing.T) {
	t.Parallel()
	job := peer.Play("exhausted", Script{Get: Steps(core.TaskExecution_RETRYABLE_FAILED)})
	action := world.Submit(t, peerTask("exhausted")).Finished(t, 8*Resync)
	if code, _ := Failure(action); code != "TaskFailedWithError" || methods(job) != "create get" {
		t.Errorf("without retries left the failure used to be final: %s, %s", methods(job), describe(action))
	}
}

func TestPeerDeleteIsRepeatedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	const failures = 4
	job := peer.Play("undeletable", Script{
		Get: Steps(core.TaskExecution_RUNNING),
		Delete: func(n int) error {
			if n < failures {
				return Trouble(n)
			}
			return nil
		},
	})
	run := world.Submit(t, peerTask("undeletable"))
	run.Await(t, 4*Resync, "the job", func(action *flyteorgv1.TaskAction) bool {
		return action != nil && action.Status.PluginPhase == "PhaseRunning"
	})
	run.Delete(t)
	run.Gone(t, 6*Resync)
	var deletes []time.Time
	for _, call := range job.Calls() {
		if call.Method == "delete" {
			deletes = append(deletes, call.At)
		}
	}
	took := deletes[len(deletes)-1].Sub(deletes[0])
	t.Logf("seen: %d deletes in %s", len(deletes), took.Round(100*time.Millisecond))
	if len(deletes) != failures+1 || took < failures*Requeue*9/10 {
		t.Errorf("a failing delete used to be repeated at each look at the action, and nothing else: %d in %s",
			len(deletes), took)
	}
}

func TestPeerFinishedJobIsDeletedToo(t *testing.T) {
	t.Parallel()
	job := peer.Play("finished", Script{Get: Steps(core.TaskExecution_SUCCEEDED)})
	run := world.Submit(t, peerTask("finished"))
	run.Finished(t, 8*Resync)
	run.Delete(t)
	run.Gone(t, 4*Resync)
	events := run.Events()
	last := events[len(events)-1].GetPhase()
	t.Logf("seen: %s, last event %s", methods(job), last)
	if methods(job) != "create get delete" {
		t.Errorf("removing a finished action used to call DeleteTask: %s", methods(job))
	}
	if last != common.ActionPhase_ACTION_PHASE_ABORTED {
		t.Errorf("removing a finished action used to be reported as an abort: %s", last)
	}
}

func TestPeerTaskWithoutCustomNeverReachesTheConnector(t *testing.T) {
	t.Parallel()
	action := world.Submit(t, Task{Type: PeerType}).Finished(t, 8*Resync)
	_, message := Failure(action)
	t.Logf("seen: %s", describe(action))
	if !strings.Contains(message, "failed to unmarshal connection from task template custom") {
		t.Errorf("a task without `custom` used to fail before any call: %s", describe(action))
	}
}

func TestPeerDiscoveryPicksTheDeployment(t *testing.T) {
	t.Parallel()
	job := peer.Play("late", Script{Get: Steps(core.TaskExecution_SUCCEEDED)})
	task := Task{Type: LateType, Custom: map[string]any{"job": "late"}}
	// Nobody advertises the type: it goes to the default connector, which is this project's server.
	before := world.Submit(t, task).Finished(t, 8*Resync)
	if _, message := Failure(before); !strings.Contains(message, "code = NotFound") {
		t.Errorf("a type that nobody advertises used to go to the default connector: %s", describe(before))
	}
	peer.Serve(LateType)
	time.Sleep(2 * Discovery)
	after := world.Submit(t, task).Finished(t, 8*Resync)
	if !Succeeded(after) || job.Count("create") != 1 {
		t.Errorf("a type used to be routed within one round of discovery: %s", describe(after))
	}
}

func TestPeerTypeMustBeGivenToThePluginByConfiguration(t *testing.T) {
	t.Parallel()
	action := world.Submit(t, Task{Type: "typed_echo", Version: 1, Custom: map[string]any{"a": 1}}).Finished(t, 4*Resync)
	var told string
	for _, one := range action.Status.Conditions {
		told += one.Message + " "
	}
	t.Logf("seen: %s", told)
	if !strings.Contains(told, "no plugin found for task type") {
		t.Error("a type that ListConnectors tells, but default-for-task-types does not, used to be refused")
	}
}
