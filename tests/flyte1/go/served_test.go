// What propeller makes of this project's server. A test that fails here means that one of the two has changed:
// see docs/src/flyte1.md.

package propeller

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	plugin "github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core"
)

func TestListedTypesAreRouted(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"echo", "sync_echo", "typed_echo", "simulator", "batch_job"} {
		for end := time.Now().Add(50 * pace); !service.ContainTaskType(kind); time.Sleep(pace) {
			if time.Now().After(end) {
				t.Fatalf("%s is not among the discovered types", kind)
			}
		}
	}
	if service.ContainTaskType("zz") {
		t.Error("a type that nobody lists is known")
	}
}

func TestAJobEndsWithItsOutputs(t *testing.T) {
	t.Parallel()
	both := map[string]*core.Literal{"a": text("x"), "b": text("é")}
	if info := run(t, "echo", 0, nil, both, both); !info.Phase().IsSuccess() {
		t.Errorf("%v", info)
	}
}

func TestATypeIsRoutedByItsVersion(t *testing.T) {
	t.Parallel()
	// Version 1 is listed, and the one that answers misses its inputs; version 0 is nobody's.
	info := run(t, "typed_echo", 1, nil, nil, nil)
	if info.Phase() != plugin.PhasePermanentFailure || !strings.Contains(info.Err().GetMessage(), "is missing") {
		t.Errorf("%v", info)
	}
	info = run(t, "typed_echo", 0, nil, nil, nil)
	if info.Phase() != plugin.PhaseRetryableFailure || !strings.Contains(info.Err().GetMessage(), "NotFound") {
		t.Errorf("%v", info)
	}
}

func TestSyncTasksEndWithinTheirCall(t *testing.T) {
	t.Parallel()
	both := map[string]*core.Literal{"a": text("x"), "b": text("é")}
	if info := run(t, "sync_echo", 0, nil, both, both); !info.Phase().IsSuccess() {
		t.Errorf("%v", info)
	}
}

func TestTheCodeOfASyncErrorIsTheErrorCodeOfTheTask(t *testing.T) {
	t.Parallel()
	info := run(t, "sync_echo", 0, map[string]any{"do": "permanent"}, nil, nil)
	expect(t, info, plugin.PhasePermanentFailure, "permanent", "failed to run the job: the task was told to fail")
	info = run(t, "sync_echo", 0, map[string]any{"do": "retryable"}, nil, nil)
	expect(t, info, plugin.PhaseRetryableFailure, "retryable", "failed to run the job: the task was told to fail")
}

func TestAnErrorOfASyncCallIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, custom := range []map[string]any{{"do": "transient"}, {"do": "panic"}, {"phase": "RUNNING"}} {
		info := run(t, "sync_echo", 0, custom, nil, nil)
		if info.Phase() != plugin.PhaseRetryableFailure || info.Err().GetCode() != "TaskFailedWithError" {
			t.Errorf("%v: %v", custom, info)
		}
	}
}

func TestATaskThatCanNeverWorkBurnsNoAttempt(t *testing.T) {
	t.Parallel()
	info := run(t, "simulator", 0, map[string]any{"create": "permanent"}, nil, nil)
	expect(t, info, plugin.PhasePermanentFailure, "TaskFailedWithError",
		"failed to run the job: the vendor refused the job")
}

func TestPollsThatFailAreMasked(t *testing.T) {
	t.Parallel()
	gets := []any{"transient", "transient", "transient", "transient", "transient", "transient", "ok"}
	custom := map[string]any{"get": gets, "phases": []any{"SUCCEEDED"}}
	if info := run(t, "simulator", 0, custom, nil, nil); !info.Phase().IsSuccess() {
		t.Errorf("six failed polls wedge a job: %v", info)
	}
}

func TestAJobThatMayBeTriedAgainIsRetryable(t *testing.T) {
	t.Parallel()
	info := run(t, "simulator", 0, map[string]any{"phases": []any{"RETRYABLE_FAILED"}}, nil, nil)
	if info.Phase() != plugin.PhaseRetryableFailure {
		t.Errorf("%v", info)
	}
}

func TestAnAbortCancelsTheJob(t *testing.T) {
	t.Parallel()
	aborted := false
	abort := func(ctx context.Context, task plugin.TaskExecutionContext) error {
		known, err := job(task)
		if err != nil || known == "" || aborted {
			return err
		}
		aborted = true
		return executor.Abort(ctx, stored{task})
	}
	// It would run for ever.
	info := runWith(t, "simulator", 0, map[string]any{"phases": []any{"RUNNING"}}, nil, nil, abort)
	if info.Phase() != plugin.PhasePermanentFailure || !strings.Contains(info.Err().GetMessage(), "was cancelled") {
		t.Errorf("%v", info)
	}
}

func TestACreateAfterALostStateWriteIsTheSameJob(t *testing.T) {
	t.Parallel()
	var jobs []string
	lose := func(ctx context.Context, task plugin.TaskExecutionContext) error {
		known, err := job(task)
		if err != nil || known == "" || len(jobs) == 2 {
			return err
		}
		jobs = append(jobs, known)
		if len(jobs) == 1 {
			return forget(task)
		}
		return nil
	}
	custom := map[string]any{"tag": "a lost state write", "phases": []any{"RUNNING", "SUCCEEDED"}}
	if info := runWith(t, "simulator", 0, custom, nil, nil, lose); !info.Phase().IsSuccess() {
		t.Errorf("%v", info)
	}
	if len(jobs) != 2 || jobs[0] != jobs[1] {
		t.Errorf("the attempt has two jobs: %v", jobs)
	}
}
