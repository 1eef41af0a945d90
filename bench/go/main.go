// The batch_job connector written straight against grpc-go: what a service in Go costs.
//
// It does the work of bench/src/bin/bare_batch_job.rs, call for call, and nothing else: no registry,
// metrics, deadlines or guards may come in here. The packages under flyteidl2 are made from the
// project's own proto/ when it is built, by bench/src/grpc_go.rs; a test there holds the two services
// against each other.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"time"

	"connector-bench/flyteidl2/connector"
	"connector-bench/flyteidl2/core"
	"connector-bench/flyteidl2/task"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// meta is what a create answers and every later call brings back.
type meta struct {
	JobID           string  `json:"job_id"`
	CreatedAt       float64 `json:"created_at"`
	DurationSeconds float64 `json:"duration_seconds"`
}

type batchJob struct {
	connector.UnimplementedAsyncConnectorServiceServer
}

func now() float64 {
	return float64(time.Now().UnixNano()) / 1e9
}

func (batchJob) CreateTask(
	_ context.Context, request *connector.CreateTaskRequest,
) (*connector.CreateTaskResponse, error) {
	seconds := 5.0
	duration := request.GetTemplate().GetCustom().GetFields()["duration_seconds"]
	if number, ok := duration.GetKind().(*structpb.Value_NumberValue); ok {
		seconds = number.NumberValue
	}
	id := fmt.Sprintf("%08x", rand.Uint32())
	encoded, err := json.Marshal(meta{JobID: id, CreatedAt: now(), DurationSeconds: seconds})
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &connector.CreateTaskResponse{ResourceMeta: encoded}, nil
}

func (batchJob) GetTask(
	_ context.Context, request *connector.GetTaskRequest,
) (*connector.GetTaskResponse, error) {
	var job meta
	if err := json.Unmarshal(request.GetResourceMeta(), &job); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	resource := &connector.Resource{
		Phase:   core.TaskExecution_RUNNING,
		Message: "job " + job.JobID + " is running",
		LogLinks: []*core.TaskLog{{
			Uri:   "https://batch.example.com/jobs/" + job.JobID,
			Name:  "Batch job " + job.JobID,
			Ready: true,
		}},
		CustomInfo: &structpb.Struct{Fields: map[string]*structpb.Value{
			"duration_seconds": structpb.NewNumberValue(job.DurationSeconds),
			"job_id":           structpb.NewStringValue(job.JobID),
		}},
	}
	if now()-job.CreatedAt >= job.DurationSeconds {
		resource.Phase = core.TaskExecution_SUCCEEDED
		resource.Message = "job " + job.JobID + " succeeded"
		resource.Outputs = &task.Outputs{Literals: []*task.NamedLiteral{{
			Name:  "result",
			Value: text("output-from-" + job.JobID),
		}}}
	}
	return &connector.GetTaskResponse{Resource: resource}, nil
}

func (batchJob) DeleteTask(
	context.Context, *connector.DeleteTaskRequest,
) (*connector.DeleteTaskResponse, error) {
	return &connector.DeleteTaskResponse{}, nil
}

func (batchJob) GetTaskMetrics(
	context.Context, *connector.GetTaskMetricsRequest,
) (*connector.GetTaskMetricsResponse, error) {
	return nil, status.Error(codes.Unimplemented, "not measured")
}

func (batchJob) GetTaskLogs(
	*connector.GetTaskLogsRequest, grpc.ServerStreamingServer[connector.GetTaskLogsResponse],
) error {
	return status.Error(codes.Unimplemented, "not measured")
}

// text is a literal that holds a string.
func text(value string) *core.Literal {
	primitive := &core.Primitive{Value: &core.Primitive_StringValue{StringValue: value}}
	scalar := &core.Scalar{Value: &core.Scalar_Primitive{Primitive: primitive}}
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: scalar}}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	connector.RegisterAsyncConnectorServiceServer(server, batchJob{})
	// Whoever measures reads this line, and nothing after it.
	fmt.Printf("gRPC http://%s\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}
