// The Kubernetes API, as far as the executor's controller sees it: task actions in memory, and a
// change of any of them puts it into the controller's queue, as an informer would.
// executor.go starts one queue per executor; tests read and delete actions through task.go.

package executor

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	flyteorgv1 "github.com/flyteorg/flyte/v2/executor/api/v1"
)

const namespace = "flytesnacks-development"

// Cluster holds task actions. It outlives executors, so that one can be restarted.
type Cluster struct {
	client.WithWatch
	scheme *runtime.Scheme
}

// NewCluster makes an empty one.
func NewCluster() (*Cluster, error) {
	scheme := runtime.NewScheme()
	if err := flyteorgv1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("cannot register task actions: %w", err)
	}
	api := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&flyteorgv1.TaskAction{}).Build()
	return &Cluster{WithWatch: api, scheme: scheme}, nil
}

// drive runs the reconciler until ctx ends, with the queue that it has in production: a change is
// handled at once, and RequeueAfter comes on top.
func (c *Cluster) drive(ctx context.Context, reconciler reconcile.Reconciler, log logr.Logger) error {
	watched, err := c.Watch(ctx, &flyteorgv1.TaskActionList{})
	if err != nil {
		return fmt.Errorf("cannot watch task actions: %w", err)
	}
	queue, err := controller.NewUnmanaged("taskaction", controller.Options{
		Reconciler:              reconciler,
		MaxConcurrentReconciles: 16,
		SkipNameValidation:      ptr.To(true),
		Logger:                  log,
	})
	if err != nil {
		return fmt.Errorf("cannot make the controller: %w", err)
	}
	changes := make(chan event.GenericEvent)
	if err := queue.Watch(source.Channel(changes, &handler.EnqueueRequestForObject{})); err != nil {
		return fmt.Errorf("cannot feed the controller: %w", err)
	}
	// What was there before: an informer lists before it watches.
	var existing flyteorgv1.TaskActionList
	if err := c.List(ctx, &existing); err != nil {
		return fmt.Errorf("cannot list task actions: %w", err)
	}
	go func() {
		defer watched.Stop()
		for i := range existing.Items {
			changes <- event.GenericEvent{Object: &existing.Items[i]}
		}
		forward(ctx, watched, changes)
	}()
	go func() {
		if err := queue.Start(ctx); err != nil {
			log.Error(err, "the controller ended")
		}
	}()
	return nil
}

func forward(ctx context.Context, watched watch.Interface, changes chan<- event.GenericEvent) {
	for {
		select {
		case <-ctx.Done():
			return
		case change, open := <-watched.ResultChan():
			if !open {
				return
			}
			if object, ok := change.Object.(client.Object); ok {
				select {
				case changes <- event.GenericEvent{Object: object}:
				case <-ctx.Done():
					return
				}
			}
		}
	}
}
