// What the executor makes of the answers of GetTask: phases, messages, links and outputs.
// A test that fails here means that the peer has changed: see docs/src/executor.md.

package executor

import (
	"strings"
	"testing"
	"time"

	"github.com/flyteorg/flyte/v2/flytestdlib/storage"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/common"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/connector"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
)

func TestPeerPhaseThatIsUnknownFailsTheTask(t *testing.T) {
	t.Parallel()
	peer.Play("unknown", Script{Get: Steps(42)})
	task := peerTask("unknown")
	task.Retries = 2
	start := time.Now()
	action := world.Submit(t, task).Finished(t, 8*Resync)
	code, message := Failure(action)
	t.Logf("seen after %s: %s", time.Since(start).Round(100*time.Millisecond), describe(action))
	if code != "MaxSystemFailuresExceeded" || !strings.Contains(message, "unknown execution phase [42]") {
		t.Errorf("an unknown phase used to be a system error, fatal at the fourth: %s", describe(action))
	}
	if action.Status.Attempts != 1 {
		t.Errorf("an unknown phase used to spend no retry: %s", describe(action))
	}
}

func TestPeerPhaseThatIsUndefinedOnceFailsTheTaskBeforeTheNextPoll(t *testing.T) {
	t.Parallel()
	job := peer.Play("undefined", Script{
		Get: Steps(core.TaskExecution_UNDEFINED, core.TaskExecution_SUCCEEDED),
	})
	start := time.Now()
	action := world.Submit(t, peerTask("undefined")).Finished(t, 8*Resync)
	t.Logf("seen after %s and %d polls: %s",
		time.Since(start).Round(100*time.Millisecond), job.Count("get"), describe(action))
	// Each counted error changes the status, which wakes the controller again: the four errors take
	// milliseconds, not three pauses of 10 s.
	if code, _ := Failure(action); code != "MaxSystemFailuresExceeded" || job.Count("get") != 1 {
		t.Errorf("a single answer without a phase used to fail the task: %s", describe(action))
	}
}

func TestPeerAnswerWithoutResourceIsAnUndefinedPhase(t *testing.T) {
	t.Parallel()
	peer.Play("empty", Script{Get: func(int) (*connector.Resource, error) { return nil, nil }})
	action := world.Submit(t, peerTask("empty")).Finished(t, 8*Resync)
	if _, message := Failure(action); !strings.Contains(message, "unknown execution phase [UNDEFINED]") {
		t.Errorf("an answer without a resource used to be an undefined phase: %s", describe(action))
	}
}

func TestPeerMessageOfAnAbortedJobIsLost(t *testing.T) {
	t.Parallel()
	peer.Play("aborted", Script{Get: func(int) (*connector.Resource, error) {
		resource := In(core.TaskExecution_ABORTED)
		resource.Message = "cancelled by an operator"
		return resource, nil
	}})
	task := peerTask("aborted")
	task.Retries = 2
	action := world.Submit(t, task).Finished(t, 8*Resync)
	code, message := Failure(action)
	t.Logf("seen: %s", describe(action))
	if code != "TaskFailedWithError" || message != "failed to run the job with aborted phase." {
		t.Errorf("the message of an aborted job used to be lost: %s", describe(action))
	}
	if action.Status.Attempts != 1 {
		t.Errorf("an aborted job used to be final: %s", describe(action))
	}
}

func TestPeerMessagesAndLinksArePublishedOnlyWhenThePhaseChanges(t *testing.T) {
	t.Parallel()
	link := &core.TaskLog{Uri: "https://vendor.example.com/1", Name: "late"}
	job := peer.Play("links", Script{Get: func(n int) (*connector.Resource, error) {
		resource := In(core.TaskExecution_RUNNING)
		resource.Message = "half way"
		switch {
		case n >= 3:
			resource = In(core.TaskExecution_SUCCEEDED)
		case n >= 1:
			resource.LogLinks = []*core.TaskLog{link}
		}
		return resource, nil
	}})
	run := world.Submit(t, peerTask("links"))
	run.Finished(t, 8*Resync)
	for _, event := range run.Events() {
		t.Logf("seen: %s links=%d endpoint=%s", event.GetPhase(), len(event.GetLogInfo()),
			event.GetLogContext().GetConnector().GetEndpoint())
		if len(event.GetLogInfo()) > 0 {
			t.Error("a link that comes after the first answer of a phase used never to be published")
		}
		for _, note := range event.GetClusterEvents() {
			if strings.Contains(note.GetMessage(), "half way") {
				t.Error("the message of a running job used not to be published")
			}
		}
		running := event.GetPhase() == common.ActionPhase_ACTION_PHASE_RUNNING
		if running && event.GetLogContext().GetConnector().GetEndpoint() != peer.Address {
			t.Error("the connector's address used to go out with the phase")
		}
	}
	if job.Count("get") != 4 {
		t.Errorf("%d polls instead of 4", job.Count("get"))
	}
}

func TestPeerAbsentOutputs(t *testing.T) {
	t.Parallel()
	play := func(name string) Task {
		peer.Play(name, Script{Get: Steps(core.TaskExecution_RUNNING, core.TaskExecution_SUCCEEDED)})
		task := peerTask(name)
		task.Outputs = Strings("o")
		return task
	}
	write := func(t *testing.T, run *Run, literals map[string]*core.Literal) {
		t.Helper()
		err := world.Store.WriteProtobuf(t.Context(), run.File(t, 1, "outputs.pb"), storage.Options{},
			&core.LiteralMap{Literals: literals})
		must(t, err)
	}

	t.Run("no file", func(t *testing.T) {
		t.Parallel()
		action := world.Submit(t, play("no-file")).Finished(t, 8*Resync)
		code, message := Failure(action)
		t.Logf("seen: %s", describe(action))
		if code != "MaxSystemFailuresExceeded" || !strings.Contains(message, "failed to read data from dataDir") {
			t.Errorf("without outputs.pb a success used to fail: %s", describe(action))
		}
	})
	t.Run("a file of the job", func(t *testing.T) {
		t.Parallel()
		run := world.Submit(t, play("file"))
		write(t, run, map[string]*core.Literal{"o": Text("written by the job")})
		action := run.Finished(t, 8*Resync)
		got := run.Outputs(t, 1)["o"].GetScalar().GetPrimitive().GetStringValue()
		if !Succeeded(action) || got != "written by the job" {
			t.Errorf("the job's own outputs.pb used to count: %q, %s", got, describe(action))
		}
	})
	t.Run("a file without literals", func(t *testing.T) {
		t.Parallel()
		run := world.Submit(t, play("empty-file"))
		write(t, run, nil)
		action := run.Finished(t, 8*Resync)
		doc := &core.ErrorDocument{}
		must(t, world.Store.ReadProtobuf(t.Context(), run.File(t, 1, "error.pb"), doc))
		t.Logf("seen: error.pb says %q, and %s", doc.GetError().GetMessage(), describe(action))
		if !Succeeded(action) || doc.GetError().GetCode() != "No outputs produced" {
			t.Errorf("an empty outputs.pb used to be a success with an error.pb beside it: %s", describe(action))
		}
	})
	t.Run("none declared", func(t *testing.T) {
		t.Parallel()
		task := play("undeclared")
		task.Outputs = nil
		run := world.Submit(t, task)
		if action := run.Finished(t, 8*Resync); !Succeeded(action) || run.Outputs(t, 1) != nil {
			t.Errorf("a task without outputs used to need no file: %s", describe(action))
		}
	})
}

func TestPeerOutputsAreNotHeldAgainstTheDeclaredOnes(t *testing.T) {
	t.Parallel()
	peer.Play("undeclared-name", Script{Get: func(int) (*connector.Resource, error) {
		return With(map[string]*core.Literal{"other": Whole(1)}), nil
	}})
	task := peerTask("undeclared-name")
	task.Outputs = Strings("o")
	run := world.Submit(t, task)
	action := run.Finished(t, 8*Resync)
	outputs := run.Outputs(t, 1)
	if !Succeeded(action) || len(outputs) != 1 || outputs["other"] == nil {
		t.Errorf("outputs of any name and kind used to be written: %v, %s", outputs, describe(action))
	}
}

func TestPeerOutputsThatArePresentButEmptyAreWritten(t *testing.T) {
	t.Parallel()
	peer.Play("present", Script{Get: func(int) (*connector.Resource, error) { return With(nil), nil }})
	task := peerTask("present")
	task.Outputs = Strings("o")
	run := world.Submit(t, task)
	action := run.Finished(t, 8*Resync)
	outputs := run.Outputs(t, 1)
	if !Succeeded(action) || outputs == nil || len(outputs) != 0 {
		t.Errorf("empty outputs used to be written as they are, unchecked: %v, %s", outputs, describe(action))
	}
}
