// Reads what the simulator behind this project's server has counted for one tag, past the executor,
// which publishes nothing of a job's details.

package executor

import (
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/connector"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
)

var dial = sync.OnceValues(func() (connector.AsyncConnectorServiceClient, error) {
	conn, err := grpc.NewClient(served, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return connector.NewAsyncConnectorServiceClient(conn), err
})

// probe is a job of its own under a tag: it runs for ever, and each poll of it tells the counters.
type probe struct {
	client   connector.AsyncConnectorServiceClient
	category *connector.TaskCategory
	meta     []byte
}

// counters is what the simulator has counted for a tag, without the probe itself.
type counters struct{ vendorJobs, liveJobs, deletes int }

func newProbe(t *testing.T, tag string) *probe {
	t.Helper()
	client, err := dial()
	must(t, err)
	custom, err := structpb.NewStruct(map[string]any{"tag": tag, "phases": []any{"RUNNING"}})
	must(t, err)
	created, err := client.CreateTask(t.Context(), &connector.CreateTaskRequest{
		Template: &core.TaskTemplate{Type: "simulator", Custom: custom},
	})
	must(t, err)
	return &probe{
		client: client, category: &connector.TaskCategory{Name: "simulator"}, meta: created.GetResourceMeta(),
	}
}

func (p *probe) counters(t *testing.T) counters {
	t.Helper()
	answer, err := p.client.GetTask(t.Context(), &connector.GetTaskRequest{
		TaskCategory: p.category, ResourceMeta: p.meta,
	})
	must(t, err)
	told := answer.GetResource().GetCustomInfo().GetFields()
	count := func(name string) int {
		value, ok := told[name].GetKind().(*structpb.Value_NumberValue)
		if !ok {
			t.Fatalf("the simulator does not tell %q, but %v", name, told)
		}
		return int(value.NumberValue)
	}
	return counters{count("vendor_jobs") - 1, count("live_jobs") - 1, count("deletes")}
}
