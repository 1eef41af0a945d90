// An executor, put together as its own start-up does it (executor/setup.go of the module), from the
// same public parts. Tests share one; a test that restarts an executor makes its own.

package executor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/metric/noop"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/flyteorg/flyte/v2/executor/pkg/controller"
	"github.com/flyteorg/flyte/v2/executor/pkg/plugin"
	"github.com/flyteorg/flyte/v2/flyteplugins/go/tasks/pluginmachinery"
	"github.com/flyteorg/flyte/v2/flyteplugins/go/tasks/plugins/webapi/connector"
	"github.com/flyteorg/flyte/v2/flytestdlib/contextutils"
	"github.com/flyteorg/flyte/v2/flytestdlib/promutils"
	"github.com/flyteorg/flyte/v2/flytestdlib/promutils/labeled"
	"github.com/flyteorg/flyte/v2/flytestdlib/storage"
)

// World is what executors work on and what survives them.
type World struct {
	Cluster *Cluster
	Events  *Events
	Vault   *Vault
	Journal *Journal
	Store   *storage.DataStore
	log     logr.Logger
}

var (
	setUp     sync.Once
	errSetUp  error
	executors atomic.Int64
	journal   = &Journal{}
)

// NewWorld makes an empty world. The configuration, the registered plugins and the log belong to the
// process; they are set up by the first call.
func NewWorld(served, peer string) (*World, error) {
	setUp.Do(func() {
		logrus.SetOutput(journal)
		labeled.SetMetricKeys(contextutils.ProjectKey, contextutils.DomainKey, contextutils.TaskIDKey)
		if errSetUp = configure(served, peer); errSetUp == nil {
			connector.RegisterConnectorPlugin(&connector.ConnectorService{})
		}
	})
	if errSetUp != nil {
		return nil, errSetUp
	}
	lines := funcr.New(func(prefix, line string) {
		fmt.Fprintf(journal, "%s %s\n", prefix, line)
	}, funcr.Options{})
	log.SetLogger(lines)
	cluster, err := NewCluster()
	if err != nil {
		return nil, err
	}
	store, err := storage.NewDataStore(&storage.Config{Type: storage.TypeMemory}, scope("store"))
	if err != nil {
		return nil, fmt.Errorf("cannot make the store: %w", err)
	}
	return &World{
		Cluster: cluster, Events: &Events{}, Vault: &Vault{}, Journal: journal, Store: store, log: lines,
	}, nil
}

// Start runs an executor on the world until ctx ends.
func (w *World) Start(ctx context.Context) error {
	setup := plugin.NewSetupContext(
		nil, w.Vault, plugin.NewNoopResourceRegistrar(), nil, nil, "TaskAction", scope("executor"),
	)
	registry := plugin.NewRegistry(setup, pluginmachinery.PluginRegistry())
	if err := registry.Initialize(ctx); err != nil {
		return fmt.Errorf("the plugins do not load: %w", err)
	}
	reconciler := controller.NewTaskActionReconciler(
		w.Cluster, w.Cluster.scheme, registry, w.Store, w.Events, "here", noop.NewMeterProvider(), nil,
	)
	reconciler.Recorder = silent{}
	reconciler.ResourceManager = plugin.NewNoopResourceManager()
	reconciler.SecretManager = w.Vault
	reconciler.RequeueDuration = Requeue
	return w.Cluster.drive(ctx, reconciler, w.log)
}

// scope names metrics; the process refuses two of one name.
func scope(name string) promutils.Scope {
	return promutils.NewScope(fmt.Sprintf("%s%d", name, executors.Add(1)))
}
