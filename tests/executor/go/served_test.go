// The executor against this project's server, when all goes well: jobs run, outputs arrive, an abort
// reaches the vendor. The task types are the examples that the default binary links.

package executor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	flyteorgv1 "github.com/flyteorg/flyte/v2/executor/api/v1"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/common"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
)

func running(action *flyteorgv1.TaskAction) bool {
	return action != nil && action.Status.PluginPhase == "PhaseRunning"
}

func TestServedBatchJobSucceedsWithOutputs(t *testing.T) {
	t.Parallel()
	run := world.Submit(t, Task{
		Type: "batch_job", Custom: map[string]any{"duration_seconds": 2}, Outputs: Strings("result"),
	})
	action := run.Finished(t, 6*Resync)
	t.Logf("seen: %s", describe(action))
	if !Succeeded(action) || Phases(action) != "Queued Executing Completed" || action.Status.Attempts != 1 {
		t.Fatalf("%s", describe(action))
	}
	result := run.Outputs(t, 1)["result"].GetScalar().GetPrimitive().GetStringValue()
	if !strings.HasPrefix(result, "output-from-") {
		t.Errorf("outputs.pb holds %q", result)
	}
	var links int
	for _, event := range run.Events() {
		if event.GetPhase() == common.ActionPhase_ACTION_PHASE_RUNNING {
			links += len(event.GetLogInfo())
		}
	}
	if links == 0 {
		t.Error("no log link went out with the phase RUNNING")
	}
	run.Delete(t)
	run.Gone(t, 3*Resync)
}

func TestServedEchoReturnsEveryInput(t *testing.T) {
	t.Parallel()
	inputs := map[string]*core.Literal{
		"word": Text("hello"), "empty": Text(""), "zero": Whole(0), "most": Whole(1<<63 - 1),
		"list": {Value: &core.Literal_Collection{Collection: &core.LiteralCollection{
			Literals: []*core.Literal{Whole(1), Whole(-2)},
		}}},
	}
	whole := Kind(core.SimpleType_INTEGER)
	outputs := Strings("word", "empty")
	outputs["zero"], outputs["most"] = whole, whole
	outputs["list"] = &core.LiteralType{Type: &core.LiteralType_CollectionType{CollectionType: whole}}
	run := world.Submit(t, Task{
		Type: "echo", Custom: map[string]any{"any": "thing"}, Inputs: inputs,
		Outputs: outputs,
	})
	action := run.Finished(t, 4*Resync)
	got := run.Outputs(t, 1)
	if !Succeeded(action) || len(got) != len(inputs) {
		t.Fatalf("%d outputs, %s", len(got), describe(action))
	}
	for name, want := range inputs {
		if !proto.Equal(got[name], want) {
			t.Errorf("%s came back as %v instead of %v", name, got[name], want)
		}
	}
}

func TestServedOutputsThatAreNotTheDeclaredOnesFailTheTask(t *testing.T) {
	t.Parallel()
	run := world.Submit(t, Task{
		Type: "echo", Custom: map[string]any{"any": "thing"},
		Inputs: map[string]*core.Literal{"n": Whole(1)}, Outputs: Strings("n"),
	})
	action := run.Finished(t, 4*Resync)
	_, message := Failure(action)
	t.Logf("seen: %s", describe(action))
	// The executor itself writes whatever comes: see the peer's tests.
	if Succeeded(action) || !strings.Contains(message, "`n`") || run.Outputs(t, 1) != nil {
		t.Errorf("wrong outputs were passed on: %s", describe(action))
	}
}

func TestServedJobIsAbortedAndRemoved(t *testing.T) {
	t.Parallel()
	run := world.Submit(t, Task{Type: "batch_job", Custom: map[string]any{"duration_seconds": 3600}})
	run.Await(t, 4*Resync, "the running job", running)
	start := time.Now()
	run.Delete(t)
	run.Gone(t, Resync)
	events := run.Events()
	if last := events[len(events)-1].GetPhase(); last != common.ActionPhase_ACTION_PHASE_ABORTED {
		t.Errorf("the last event is %s", last)
	}
	if took := time.Since(start); took > Requeue {
		t.Errorf("the first DeleteTask ought to do: removing the action took %s", took)
	}
}

func TestServedVersionThatIsUnknownIsSaidSo(t *testing.T) {
	t.Parallel()
	action := world.Submit(t, Task{
		Type: "batch_job", Version: 7, Custom: map[string]any{"duration_seconds": 0},
	}).Finished(t, 4*Resync)
	_, message := Failure(action)
	t.Logf("seen: %s", describe(action))
	if !strings.Contains(message, "code = NotFound") || !strings.Contains(message, "batch_job") {
		t.Errorf("a version that is not served must be named as unknown: %s", describe(action))
	}
}

func TestServedManyJobsAtOnce(t *testing.T) {
	t.Parallel()
	const jobs = 50
	var all []*Run
	for range jobs {
		all = append(all, world.Submit(t, Task{
			Type: "batch_job", Custom: map[string]any{"duration_seconds": 1}, Outputs: Strings("result"),
		}))
	}
	results := map[string]bool{}
	for _, run := range all {
		action := run.Finished(t, 8*Resync)
		if !Succeeded(action) {
			t.Fatalf("%s", describe(action))
		}
		results[fmt.Sprint(run.Outputs(t, 1)["result"])] = true
	}
	if len(results) != jobs {
		t.Errorf("%d jobs had %d different results", jobs, len(results))
	}
}
