// A connector that does what a test tells it, mistakes included, and notes every call.
// It stands for other people's connectors: what the executor does to them is pinned with it.

package executor

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/connector"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/task"
)

const (
	// PeerType is served by the peer from the start.
	PeerType = "peer_task"
	// LateType is served by the peer once a test says so.
	LateType = "late_task"
)

// Script says what a job does. The numbers count calls, from 0. What is nil does well.
type Script struct {
	Create func(ctx context.Context, n int) error
	Get    func(n int) (*connector.Resource, error)
	Delete func(n int) error
}

// Call is one call that reached the peer.
type Call struct {
	Method  string
	At      time.Time
	Request proto.Message
}

// Job is one scripted job with the calls it has got.
type Job struct {
	mu     sync.Mutex
	script Script
	calls  []Call
}

// Peer is the connector. It speaks gRPC on a port of its own.
type Peer struct {
	connector.UnimplementedAsyncConnectorServiceServer
	connector.UnimplementedConnectorMetadataServiceServer
	Address string

	mu    sync.Mutex
	jobs  map[string]*Job
	types []string
}

// StartPeer serves until the process ends.
func StartPeer() (*Peer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the peer has no port: %w", err)
	}
	peer := &Peer{Address: listener.Addr().String(), jobs: map[string]*Job{}, types: []string{PeerType}}
	server := grpc.NewServer()
	connector.RegisterAsyncConnectorServiceServer(server, peer)
	connector.RegisterConnectorMetadataServiceServer(server, peer)
	go func() { _ = server.Serve(listener) }()
	return peer, nil
}

// Play adds a job; the task names it with `custom.job`.
func (p *Peer) Play(name string, script Script) *Job {
	p.mu.Lock()
	defer p.mu.Unlock()
	job := &Job{script: script}
	p.jobs[name] = job
	return job
}

// Serve makes the peer advertise one more task type.
func (p *Peer) Serve(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.types = append(p.types, name)
}

// CreateTask notes the call and does what the script says.
func (p *Peer) CreateTask(
	ctx context.Context, request *connector.CreateTaskRequest,
) (*connector.CreateTaskResponse, error) {
	name := request.GetTemplate().GetCustom().GetFields()["job"].GetStringValue()
	job, n, err := p.note(name, "create", request)
	if err != nil {
		return nil, err
	}
	if job.script.Create != nil {
		if err := job.script.Create(ctx, n); err != nil {
			return nil, err
		}
	}
	// Each create is a job of its own to this vendor, as it is to one that knows no idempotency key.
	return &connector.CreateTaskResponse{ResourceMeta: fmt.Appendf(nil, "%s#%d", name, n)}, nil
}

// GetTask notes the call and does what the script says.
func (p *Peer) GetTask(
	_ context.Context, request *connector.GetTaskRequest,
) (*connector.GetTaskResponse, error) {
	job, n, err := p.note(scriptOf(request), "get", request)
	if err != nil {
		return nil, err
	}
	resource, err := job.script.Get(n)
	if err != nil {
		return nil, err
	}
	return &connector.GetTaskResponse{Resource: resource}, nil
}

// DeleteTask notes the call and does what the script says.
func (p *Peer) DeleteTask(
	_ context.Context, request *connector.DeleteTaskRequest,
) (*connector.DeleteTaskResponse, error) {
	job, n, err := p.note(scriptOf(request), "delete", request)
	if err != nil {
		return nil, err
	}
	if job.script.Delete != nil {
		if err := job.script.Delete(n); err != nil {
			return nil, err
		}
	}
	return &connector.DeleteTaskResponse{}, nil
}

// ListConnectors tells the advertised task types.
func (p *Peer) ListConnectors(
	context.Context, *connector.ListConnectorsRequest,
) (*connector.ListConnectorsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	peer := &connector.Connector{Name: "Peer"}
	for _, name := range p.types {
		peer.SupportedTaskCategories = append(peer.SupportedTaskCategories, &connector.TaskCategory{Name: name})
	}
	return &connector.ListConnectorsResponse{Connectors: []*connector.Connector{peer}}, nil
}

func scriptOf(request interface{ GetResourceMeta() []byte }) string {
	name, _, _ := strings.Cut(string(request.GetResourceMeta()), "#")
	return name
}

func (p *Peer) note(name, method string, request proto.Message) (*Job, int, error) {
	p.mu.Lock()
	job, known := p.jobs[name]
	p.mu.Unlock()
	if !known {
		return nil, 0, status.Errorf(codes.NotFound, "there is no job %q", name)
	}
	n := job.Count(method)
	job.mu.Lock()
	defer job.mu.Unlock()
	job.calls = append(job.calls, Call{Method: method, At: time.Now(), Request: request})
	return job, n, nil
}

// Calls tells every call so far, oldest first.
func (j *Job) Calls() []Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Call(nil), j.calls...)
}

// Count tells how many calls of one method there were.
func (j *Job) Count(method string) int {
	n := 0
	for _, call := range j.Calls() {
		if call.Method == method {
			n++
		}
	}
	return n
}

// In is a resource in the given phase.
func In(phase core.TaskExecution_Phase) *connector.Resource { return &connector.Resource{Phase: phase} }

// With is a finished resource with outputs.
func With(outputs map[string]*core.Literal) *connector.Resource {
	resource := In(core.TaskExecution_SUCCEEDED)
	resource.Outputs = &task.Outputs{}
	for name, value := range outputs {
		resource.Outputs.Literals = append(resource.Outputs.Literals, &task.NamedLiteral{Name: name, Value: value})
	}
	return resource
}

// Steps plays phases one by one; the last repeats.
func Steps(phases ...core.TaskExecution_Phase) func(int) (*connector.Resource, error) {
	return func(n int) (*connector.Resource, error) {
		return In(phases[min(n, len(phases)-1)]), nil
	}
}

// Trouble is the error of a vendor that is down for a while.
func Trouble(n int) error { return status.Errorf(codes.Unavailable, "the vendor is down, call %d", n) }
