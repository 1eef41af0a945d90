// What the tests share: the plug-in, as propeller registers it, and one task in its hands.

package propeller

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery"
	plugin "github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core/mocks"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/connector"
	"github.com/flyteorg/flyte/flyteplugins/tests"
	"github.com/flyteorg/flyte/flytestdlib/contextutils"
	"github.com/flyteorg/flyte/flytestdlib/promutils"
	"github.com/flyteorg/flyte/flytestdlib/promutils/labeled"
)

const (
	pace = 100 * time.Millisecond
	// The plug-in takes no less.
	resync = 5 * time.Second
)

var (
	service  = &connector.ConnectorService{}
	executor plugin.Plugin
)

func TestMain(m *testing.M) {
	if err := start(os.Getenv("CONNECTOR_ENDPOINT")); err != nil {
		fmt.Fprintln(os.Stderr, "propeller's plug-in does not start:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// start configures the plug-in as an operator does, at a quicker pace, and loads it as propeller does.
func start(endpoint string) error {
	if endpoint == "" {
		return fmt.Errorf("CONNECTOR_ENDPOINT does not say where connector-server listens")
	}
	labeled.SetMetricKeys(contextutils.NamespaceKey)
	config := *connector.GetConfig()
	config.WebAPI.ResourceQuotas = map[plugin.ResourceNamespace]int{}
	config.WebAPI.Caching.ResyncInterval.Duration = resync
	config.PollInterval.Duration = pace
	config.DefaultConnector.Endpoint = endpoint
	if err := connector.SetConfig(&config); err != nil {
		return err
	}
	connector.RegisterConnectorPlugin(service)
	for _, entry := range pluginmachinery.PluginRegistry().GetCorePlugins() {
		if entry.ID == "connector-service" {
			var err error
			executor, err = entry.LoadPlugin(context.Background(), surroundings())
			return err
		}
	}
	return fmt.Errorf("the plug-in is not registered")
}

func surroundings() plugin.SetupContext {
	quotas := &mocks.ResourceRegistrar{}
	quotas.On("RegisterResourceQuota", mock.Anything, mock.Anything, mock.Anything).Return(nil)
	setup := &mocks.SetupContext{}
	setup.EXPECT().MetricsScope().Return(promutils.NewScope("propeller"))
	setup.EXPECT().ResourceRegistrar().Return(quotas)
	return setup
}

// run puts a task into the hands of the plug-in until it has ended.
func run(
	t *testing.T, kind string, version int32, custom map[string]any, inputs, outputs map[string]*core.Literal,
) plugin.PhaseInfo {
	t.Helper()
	nothing := func(context.Context, plugin.TaskExecutionContext) error { return nil }
	return runWith(t, kind, version, custom, inputs, outputs, nothing)
}

// runWith does so, too, and has something happen whenever propeller has looked at the task.
func runWith(
	t *testing.T, kind string, version int32, custom map[string]any, inputs, outputs map[string]*core.Literal,
	happens func(context.Context, plugin.TaskExecutionContext) error,
) plugin.PhaseInfo {
	t.Helper()
	settings, err := structpb.NewStruct(custom)
	if err != nil {
		t.Fatal(err)
	}
	template := &core.TaskTemplate{
		Type: kind, TaskTypeVersion: version, Custom: settings, Interface: &core.TypedInterface{},
	}
	var expected *core.LiteralMap
	if outputs != nil {
		expected = &core.LiteralMap{Literals: outputs}
		declared := map[string]*core.Variable{}
		for name := range outputs {
			declared[name] = &core.Variable{Type: &core.LiteralType{
				Type: &core.LiteralType_Simple{Simple: core.SimpleType_STRING},
			}}
		}
		template.Interface.Outputs = &core.VariableMap{Variables: declared}
	}
	between := func(ctx context.Context, task plugin.TaskExecutionContext) error {
		time.Sleep(pace / 4)
		return happens(ctx, task)
	}
	given := &core.LiteralMap{Literals: inputs}
	return tests.RunPluginEndToEndTest(t, executor, template, given, expected, nil, between)
}

// job is what propeller has written down of a task's job, as JSON; empty before there is one.
func job(task plugin.TaskExecutionContext) (string, error) {
	var state struct {
		Meta json.RawMessage `json:"resourceMeta"`
	}
	if _, err := task.PluginStateReader().Get(&state); err != nil || string(state.Meta) == "null" {
		return "", err
	}
	return string(state.Meta), nil
}

// forget has propeller's state as it was before anything was written down. Its fake keeps states of one type,
// which is the plug-in's own.
func forget(task plugin.TaskExecutionContext) error {
	writer := task.PluginStateWriter().(*mocks.PluginStateWriter)
	kind := reflect.TypeOf(writer.Calls[0].Arguments.Get(1))
	if kind.Kind() == reflect.Pointer {
		return writer.Put(0, reflect.New(kind.Elem()).Interface())
	}
	return writer.Put(0, reflect.Zero(kind).Interface())
}

// stored is a task whose state comes back from where propeller keeps it: in gob, so that types are as they were.
// The fake of flyteplugins reads JSON, of which the plug-in makes no job to delete.
type stored struct{ plugin.TaskExecutionContext }

type stateReader struct{ state any }

func (task stored) PluginStateReader() plugin.PluginStateReader {
	calls := task.PluginStateWriter().(*mocks.PluginStateWriter).Calls
	return stateReader{calls[len(calls)-1].Arguments.Get(1)}
}

func (stateReader) GetStateVersion() uint8 { return 0 }

func (reader stateReader) Get(into any) (uint8, error) {
	var kept bytes.Buffer
	if err := gob.NewEncoder(&kept).Encode(reader.state); err != nil {
		return 0, err
	}
	return 0, gob.NewDecoder(&kept).Decode(into)
}

func text(value string) *core.Literal {
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{
		Value: &core.Scalar_Primitive{Primitive: &core.Primitive{
			Value: &core.Primitive_StringValue{StringValue: value},
		}},
	}}}
}

func expect(t *testing.T, info plugin.PhaseInfo, phase plugin.Phase, code, message string) {
	t.Helper()
	got := info.Err()
	if info.Phase() != phase || got.GetCode() != code || got.GetMessage() != message {
		t.Errorf("wanted %s with %q %q, got %s with %v", phase, code, message, info.Phase(), got)
	}
}
