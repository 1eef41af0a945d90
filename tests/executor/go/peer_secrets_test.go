// Where the executor leaves the values of secrets that it has resolved for a task.
// A test that fails here means that the peer has changed: see docs/src/executor.md.

package executor

import (
	"bytes"
	"testing"

	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/connector"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"

	flyteorgv1 "github.com/flyteorg/flyte/v2/executor/api/v1"
)

func TestPeerResolvedSecretIsLoggedAndStored(t *testing.T) {
	t.Parallel()
	const value = "s3cr3t-of-the-peer-test"
	world.Vault.Put("peer-key", value)
	job := peer.Play("secret", Script{Get: Steps(core.TaskExecution_RUNNING)})
	task := peerTask("secret")
	task.Custom["secrets"] = map[string]any{"api_key": "peer-key"}
	run := world.Submit(t, task)
	action := run.Await(t, 4*Resync, "the job", func(action *flyteorgv1.TaskAction) bool {
		return action != nil && action.Status.PluginPhase == "PhaseRunning"
	})
	request := creates(job)[0]
	if request.GetConnection().GetSecrets()["api_key"] != value {
		t.Fatalf("the connector got %v", request.GetConnection())
	}
	for _, call := range job.Calls() {
		if get, ok := call.Request.(*connector.GetTaskRequest); ok {
			t.Logf("seen: a poll carries %v", get.GetConnection().GetSecrets())
		}
	}
	lines := world.Journal.Lines(value)
	for _, line := range lines {
		t.Logf("seen: %s", line)
	}
	if len(world.Journal.Lines(value, "Created Resource Name", `"level":"info"`)) == 0 {
		t.Error("the executor used to log resolved secrets at INFO: it does so no longer")
	}
	if !bytes.Contains(action.Status.PluginState, []byte(value)) {
		t.Error("the action's status used to hold resolved secrets in clear: it does so no longer")
	}
	run.Delete(t)
	run.Gone(t, 3*Resync)
}
