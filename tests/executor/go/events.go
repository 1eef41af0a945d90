// The service that takes the executor's events: it keeps them for the tests to look at.
// Flyte's user interface is fed from these and from nothing else.

package executor

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"connectrpc.com/connect"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/workflow"
)

// Events keeps what executors reported, by run.
type Events struct {
	mu      sync.Mutex
	byRun   map[string][]*workflow.ActionEvent
	refused map[string]bool
}

// RefuseLaunch makes the service refuse the next event that says a job of this run was created. The
// executor can then not store what the connector answered.
func (e *Events) RefuseLaunch(run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refused == nil {
		e.refused = map[string]bool{}
	}
	e.refused[run] = true
}

func launched(event *workflow.ActionEvent) bool {
	return slices.ContainsFunc(event.GetClusterEvents(), func(note *workflow.ClusterEvent) bool {
		return note.GetMessage() == "launched"
	})
}

// Record is called by the executor.
func (e *Events) Record(
	_ context.Context, request *connect.Request[workflow.RecordRequest],
) (*connect.Response[workflow.RecordResponse], error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byRun == nil {
		e.byRun = map[string][]*workflow.ActionEvent{}
	}
	for _, event := range request.Msg.GetEvents() {
		run := event.GetId().GetRun().GetName()
		if e.refused[run] && launched(event) {
			e.refused[run] = false
			return nil, connect.NewError(connect.CodeUnavailable, fmt.Errorf("not now"))
		}
		e.byRun[run] = append(e.byRun[run], event)
	}
	return connect.NewResponse(&workflow.RecordResponse{}), nil
}

// Of tells what was reported of one run, oldest first.
func (e *Events) Of(run string) []*workflow.ActionEvent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*workflow.ActionEvent(nil), e.byRun[run]...)
}

// silent takes the notes that the controller leaves on Kubernetes objects.
type silent struct{}

func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...interface{}) {
}
