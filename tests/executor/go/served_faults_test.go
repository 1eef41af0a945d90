// The executor against this project's server, when the vendor behind it fails: the simulator fails on
// command. What the peer's connectors suffer (peer_*_test.go) must not happen here.

package executor

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/prototext"

	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
)

// simulated is a task of the simulator under the tag of the test.
func simulated(t *testing.T, custom map[string]any) (Task, *probe) {
	t.Helper()
	custom["tag"] = t.Name()
	return Task{Type: "simulator", Custom: custom}, newProbe(t, t.Name())
}

// words makes a list for `custom`.
func words(all ...string) (list []any) {
	for _, word := range all {
		list = append(list, word)
	}
	return list
}

func TestServedPermanentFailureSpendsNoRetry(t *testing.T) {
	t.Parallel()
	task, probe := simulated(t, map[string]any{"phases": words("RUNNING", "FAILED")})
	task.Retries = 2
	action := world.Submit(t, task).Finished(t, 6*Resync)
	code, message := Failure(action)
	t.Logf("seen: %s", describe(action))
	if code != "TaskFailedWithError" || !strings.HasPrefix(message, "failed to run the job: ") {
		t.Errorf("%s", describe(action))
	}
	if action.Status.Attempts != 1 || probe.counters(t).vendorJobs != 1 {
		t.Errorf("a permanent failure was retried: %s", describe(action))
	}
}

func TestServedRetryableFailureStartsOneNewJobPerAttempt(t *testing.T) {
	t.Parallel()
	task, probe := simulated(t, map[string]any{"phases": words("RUNNING", "RETRYABLE_FAILED")})
	task.Retries = 1
	action := world.Submit(t, task).Finished(t, 8*Resync)
	counted := probe.counters(t)
	t.Logf("seen: %+v, %s", counted, describe(action))
	if Succeeded(action) || action.Status.Attempts != 2 || counted.vendorJobs != 2 || counted.liveJobs != 0 {
		t.Errorf("two attempts ought to be two jobs, and none of them left: %+v, %s", counted, describe(action))
	}
}

func TestServedAbortReachesTheVendor(t *testing.T) {
	t.Parallel()
	task, probe := simulated(t, map[string]any{"phases": words("RUNNING")})
	run := world.Submit(t, task)
	run.Await(t, 4*Resync, "the running job", running)
	if counted := probe.counters(t); counted.liveJobs != 1 {
		t.Errorf("before the abort: %+v", counted)
	}
	run.Delete(t)
	run.Gone(t, 2*Resync)
	if counted := probe.counters(t); counted.liveJobs != 0 || counted.deletes != 1 {
		t.Errorf("after the abort: %+v", counted)
	}
}

func TestServedDeleteOfAJobTheVendorForgotIsDone(t *testing.T) {
	t.Parallel()
	task, _ := simulated(t, map[string]any{"phases": words("SUCCEEDED"), "delete": "not_found"})
	run := world.Submit(t, task)
	run.Finished(t, 4*Resync)
	start := time.Now()
	run.Delete(t)
	run.Gone(t, 2*Resync)
	if took := time.Since(start); took > Requeue {
		t.Errorf("the first DeleteTask ought to do: removing the action took %s", took)
	}
}

func TestServedCreateErrorThatIsFinalSpendsNoRetry(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"permanent", "invalid"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			task, probe := simulated(t, map[string]any{"create": kind})
			task.Retries = 2
			action := world.Submit(t, task).Finished(t, 6*Resync)
			code, _ := Failure(action)
			t.Logf("seen: %s", describe(action))
			if code != "TaskFailedWithError" || action.Status.Attempts != 1 {
				t.Errorf("a create that can never work was tried again: %s", describe(action))
			}
			if counted := probe.counters(t); counted.vendorJobs != 0 {
				t.Errorf("a refused create left %+v", counted)
			}
		})
	}
}

func TestServedCreateErrorThatMayPassIsRetried(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"retryable", "transient", "panic"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			task, _ := simulated(t, map[string]any{"create": kind})
			task.Retries = 1
			action := world.Submit(t, task).Finished(t, 8*Resync)
			t.Logf("seen: %s", describe(action))
			if Succeeded(action) || action.Status.Attempts != 2 {
				t.Errorf("both attempts ought to have been used: %s", describe(action))
			}
		})
	}
}

func TestServedCreateThatOverrunsItsDeadlineLeavesNoOrphan(t *testing.T) {
	t.Parallel()
	task, probe := simulated(t, map[string]any{
		"create_delay_ms": 2 * CreateLimit.Milliseconds(), "phases": words("RUNNING"),
	})
	run := world.Submit(t, task)
	action := run.Finished(t, 4*Resync)
	if _, message := Failure(action); !strings.Contains(message, "DeadlineExceeded") {
		t.Fatalf("the create was meant to be late: %s", describe(action))
	}
	// The server finishes the create, waits for somebody who asks for it (30 s), then cancels it.
	end := time.Now().Add(time.Minute)
	for {
		counted := probe.counters(t)
		if counted.vendorJobs == 1 && counted.liveJobs == 0 {
			t.Logf("seen: %+v", counted)
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a late create left %+v", counted)
		}
		time.Sleep(Resync / 5)
	}
}

func TestServedCreateRepeatedWithinAnAttemptIsOneJob(t *testing.T) {
	t.Parallel()
	own := alone(t)
	task, probe := simulated(t, map[string]any{"phases": words("RUNNING", "SUCCEEDED")})
	run := own.SubmitTo(t, task, own.Events.RefuseLaunch)
	action := run.Finished(t, 6*Resync)
	counted := probe.counters(t)
	t.Logf("seen: %+v, %s", counted, describe(action))
	if calls := len(own.Journal.Lines("Created Resource Name [" + run.key.Name)); calls != 2 {
		t.Fatalf("CreateTask was answered %d times, not twice", calls)
	}
	if !Succeeded(action) || counted.vendorJobs != 1 {
		t.Errorf("an attempt that is created twice ought to be one job: %+v, %s", counted, describe(action))
	}
}

func TestServedTwentyTransientErrorsDoNotWedgeAJob(t *testing.T) {
	t.Parallel()
	polls := []string{"ok"}
	for range 20 {
		polls = append(polls, "transient")
	}
	task, _ := simulated(t, map[string]any{
		"get": words(append(polls, "ok")...), "phases": words("RUNNING", "SUCCEEDED"),
	})
	start := time.Now()
	action := world.Submit(t, task).Finished(t, 26*Resync)
	t.Logf("seen after %s: %s", time.Since(start).Round(time.Second), describe(action))
	if !Succeeded(action) || action.Status.Attempts != 1 || action.Status.SystemFailures != 0 {
		t.Errorf("trouble of the vendor reached the executor: %s", describe(action))
	}
}

func TestServedVendorStatesNobodyKnowsAreNoError(t *testing.T) {
	t.Parallel()
	task, _ := simulated(t, map[string]any{
		"get":    words("state:HALF_BAKED", "state:HALF_BAKED", "ok"),
		"phases": words("RUNNING", "RUNNING", "SUCCEEDED"),
	})
	action := world.Submit(t, task).Finished(t, 8*Resync)
	if !Succeeded(action) || action.Status.SystemFailures != 0 {
		t.Errorf("%s", describe(action))
	}
}

func TestServedJobTheVendorForgotFailsWithinOnePoll(t *testing.T) {
	t.Parallel()
	task, _ := simulated(t, map[string]any{"get": words("ok", "not_found"), "phases": words("RUNNING")})
	start := time.Now()
	action := world.Submit(t, task).Finished(t, 6*Resync)
	code, message := Failure(action)
	t.Logf("seen after %s: %s", time.Since(start).Round(time.Second), describe(action))
	if code != "TaskFailedWithError" || message == "" {
		t.Errorf("a job that is gone is a failed job, not an error of the poll: %s", describe(action))
	}
}

func TestServedOutputsKeepTheirKinds(t *testing.T) {
	t.Parallel()
	task, _ := simulated(t, map[string]any{
		"phases": words("SUCCEEDED"), "outputs": map[string]any{"n": 3, "word": "x"},
	})
	task.Outputs = map[string]*core.LiteralType{
		"n": Kind(core.SimpleType_INTEGER), "word": Kind(core.SimpleType_STRING),
	}
	run := world.Submit(t, task)
	action := run.Finished(t, 4*Resync)
	outputs := run.Outputs(t, 1)
	number := outputs["n"].GetScalar().GetPrimitive().GetInteger()
	word := outputs["word"].GetScalar().GetPrimitive().GetStringValue()
	if !Succeeded(action) || number != 3 || word != "x" {
		t.Errorf("%v, %s", outputs, describe(action))
	}
}

func TestServedSecretReachesTheConnectorAndNothingElse(t *testing.T) {
	t.Parallel()
	// Whoever started the server looks for this value in what the server has printed.
	secret := os.Getenv("EXECUTOR_SECRET")
	if secret == "" {
		t.Fatal("EXECUTOR_SECRET does not say which secret to use")
	}
	world.Vault.Put("served-key", secret)
	task, _ := simulated(t, map[string]any{
		"leak_secret": true, "phases": words("RUNNING", "FAILED"),
		"secrets": map[string]any{"api_key": "served-key"},
	})
	run := world.Submit(t, task)
	action := run.Finished(t, 6*Resync)
	t.Logf("seen: %s", describe(action))
	_, message := Failure(action)
	if strings.Contains(message, secret) || !strings.Contains(message, "***") {
		t.Errorf("the failure says %q", message)
	}
	for _, event := range run.Events() {
		if strings.Contains(prototext.Format(event), secret) {
			t.Errorf("an event holds the secret: %s", event.GetPhase())
		}
	}
}

func TestServedJobSurvivesARestartOfTheExecutor(t *testing.T) {
	t.Parallel()
	own, err := NewWorld(served, peer.Address)
	must(t, err)
	first, stop := context.WithCancel(t.Context())
	defer stop()
	must(t, own.Start(first))
	run := own.Submit(t, Task{
		Type: "batch_job", Custom: map[string]any{"duration_seconds": 8}, Outputs: Strings("result"),
	})
	run.Await(t, 4*Resync, "the running job", running)
	stop()
	must(t, own.Start(t.Context()))
	action := run.Finished(t, 6*Resync)
	if !Succeeded(action) || action.Status.Attempts != 1 || run.Outputs(t, 1)["result"] == nil {
		t.Errorf("%s", describe(action))
	}
}
