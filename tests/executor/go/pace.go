// How fast the executor's clocks run here, and the configuration that says so.
// executor.go loads it before the first plugin; nothing else sets configuration.

package executor

import (
	"fmt"
	"time"

	executorconfig "github.com/flyteorg/flyte/v2/executor/pkg/config"
	"github.com/flyteorg/flyte/v2/flyteplugins/go/tasks/plugins/webapi/connector"
	"github.com/flyteorg/flyte/v2/flytestdlib/config"
	"github.com/flyteorg/flyte/v2/flytestdlib/logger"
)

// Everything that waits does so six times faster than in a stock deployment, so that the clocks keep
// their proportions. Six is as far as it goes: the plugin machinery refuses to poll more often than
// every five seconds (validateConfig in pluginmachinery/internal/webapi/core.go).
const (
	Hurry = 6
	// Resync is how often the polling cache asks a connector about a job; 30 s in stock.
	Resync = 30 * time.Second / Hurry
	// Requeue is how often the controller looks at an action when nothing happens; 10 s in stock.
	Requeue = 10 * time.Second / Hurry
	// Discovery is how often connectors are asked what they serve; 10 s in stock.
	Discovery = 10 * time.Second / Hurry
	// CreateLimit is the deadline of CreateTask; 10 s in stock.
	CreateLimit = 10 * time.Second / Hurry
)

// The task types that tests use. A stock executor sends none of them to connectors unless its
// configuration says so: what ListConnectors answers picks the deployment, not the plugin.
var routedTypes = []string{"batch_job", "echo", "simulator", PeerType, LateType}

// configure sets up the plugin as an operator would: `served` is the default connector, and the peer
// is a deployment of its own, found through ListConnectors.
func configure(served, peer string) error {
	plugin := *connector.GetConfig()
	plugin.WebAPI.Caching.ResyncInterval = config.Duration{Duration: Resync}
	// Every case is polled at once, so that none waits for another: 10 QPS in stock.
	plugin.WebAPI.ReadRateLimiter.QPS = 100
	plugin.PollInterval = config.Duration{Duration: Discovery}
	limits := map[string]config.Duration{"CreateTask": {Duration: CreateLimit}}
	plugin.DefaultConnector.Endpoint = served
	plugin.DefaultConnector.Timeouts = limits
	plugin.ConnectorDeployments = map[string]*connector.Deployment{
		"peer": {
			Endpoint:       peer,
			Insecure:       true,
			DefaultTimeout: config.Duration{Duration: 10 * time.Second},
			Timeouts:       limits,
		},
	}
	if err := connector.SetConfig(&plugin); err != nil {
		return fmt.Errorf("the connector plugin refuses its configuration: %w", err)
	}
	routes := make(map[string]string, len(routedTypes))
	for _, name := range routedTypes {
		routes[name] = connector.ID
	}
	err := executorconfig.SetTaskPluginConfig(&executorconfig.TaskPluginConfig{DefaultForTaskTypes: routes})
	if err != nil {
		return fmt.Errorf("the executor refuses its routes: %w", err)
	}
	return logger.SetConfig(&logger.Config{Level: logger.InfoLevel})
}
