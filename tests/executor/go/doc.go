// Package executor runs Flyte's own executor, unchanged, against connectors.
//
// What runs here is the code of github.com/flyteorg/flyte/v2: its controller for task actions, its
// plugin registry, its connector plugin with the polling cache, its task context and its output
// files. Only its surroundings are replaced, each in one file: the Kubernetes API (cluster.go), the
// service that takes events (events.go), the store of secrets (secrets.go). peer.go is a connector
// that misbehaves on command. What ought to happen stands in the tests, never here.
package executor
