// What the tests share: the plug-in, as propeller registers it, and one task in its hands.

package propeller

import (
	"context"
	"fmt"
	"os"
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
	between := func(context.Context, plugin.TaskExecutionContext) error {
		time.Sleep(pace / 4)
		return nil
	}
	given := &core.LiteralMap{Literals: inputs}
	return tests.RunPluginEndToEndTest(t, executor, template, given, expected, nil, between)
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
