// What the tests share: one world with one executor, one peer, and the running server.

package executor

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

var (
	world *World
	peer  *Peer
	// served is the address of this project's server, which is told by whoever starts the tests.
	served = os.Getenv("CONNECTOR_ENDPOINT")
)

func TestMain(m *testing.M) {
	ctx, stop := context.WithCancel(context.Background())
	err := start(ctx)
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "the executor does not start:", err)
	}
	if path := os.Getenv("EXECUTOR_LOG"); path != "" {
		if err := os.WriteFile(path, journal.Bytes(), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	stop()
	os.Exit(code)
}

func start(ctx context.Context) (err error) {
	if served == "" {
		return fmt.Errorf("CONNECTOR_ENDPOINT does not say where connector-server listens")
	}
	if peer, err = StartPeer(); err != nil {
		return err
	}
	if world, err = NewWorld(served, peer.Address); err != nil {
		return err
	}
	return world.Start(ctx)
}

// quiet lets time pass in which nothing may happen.
func quiet(rounds int) { time.Sleep(time.Duration(rounds) * Resync) }

// peerTask is a task whose job is the named script.
func peerTask(job string) Task {
	return Task{Type: PeerType, Custom: map[string]any{"job": job}}
}

// alone makes a world with an executor of its own, for tests that break something others share.
func alone(t *testing.T) *World {
	t.Helper()
	own, err := NewWorld(served, peer.Address)
	must(t, err)
	must(t, own.Start(t.Context()))
	return own
}
