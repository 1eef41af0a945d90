// One task in the hands of an executor: submitted as Flyte's run service submits it, watched through
// the action's status, its events and its files, aborted by deleting the action.

package executor

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flyteorgv1 "github.com/flyteorg/flyte/v2/executor/api/v1"
	"github.com/flyteorg/flyte/v2/executor/pkg/plugin"
	"github.com/flyteorg/flyte/v2/flytestdlib/storage"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/core"
	"github.com/flyteorg/flyte/v2/gen/go/flyteidl2/workflow"
)

const (
	runBase = "mem://bucket/flytesnacks/development/"
	look    = 20 * time.Millisecond
)

// Task is what an author has written.
type Task struct {
	Type    string
	Version int32
	// Custom is left out of the template when it is nil.
	Custom map[string]any
	Inputs map[string]*core.Literal
	// Outputs declares what the task puts out; none leaves the declaration out.
	Outputs map[string]*core.LiteralType
	Retries uint32
}

// Run is one submitted task.
type Run struct {
	world *World
	name  string
	key   client.ObjectKey
}

var runs atomic.Int64

// Submit hands a task to the executors of this world.
func (w *World) Submit(t *testing.T, task Task) *Run {
	t.Helper()
	return w.SubmitTo(t, task, func(string) {})
}

// SubmitTo is Submit for a test that must know the name of the run before any executor does.
func (w *World) SubmitTo(t *testing.T, task Task, prepare func(run string)) *Run {
	t.Helper()
	run := &Run{world: w, name: fmt.Sprintf("run%d", runs.Add(1))}
	prepare(run.name)
	run.key = client.ObjectKey{Namespace: namespace, Name: run.name + "-a0"}
	ctx := t.Context()
	inputs := storage.DataReference(runBase + run.name + "/inputs.pb")
	must(t, w.Store.WriteProtobuf(ctx, inputs, storage.Options{}, &core.LiteralMap{Literals: task.Inputs}))
	template, err := proto.Marshal(task.template(t))
	must(t, err)
	must(t, w.Cluster.Create(ctx, &flyteorgv1.TaskAction{
		ObjectMeta: metav1.ObjectMeta{Namespace: run.key.Namespace, Name: run.key.Name},
		Spec: flyteorgv1.TaskActionSpec{
			RunName: run.name, Project: "flytesnacks", Domain: "development", ActionName: "a0",
			TaskType: task.Type, TaskTemplate: template,
			InputURI: string(inputs), RunOutputBase: runBase + run.name,
		},
	}))
	return run
}

func (task Task) template(t *testing.T) *core.TaskTemplate {
	t.Helper()
	template := &core.TaskTemplate{
		Id: &core.Identifier{
			ResourceType: core.ResourceType_TASK, Project: "flytesnacks", Domain: "development",
			Name: "tests." + task.Type, Version: "v1",
		},
		Type: task.Type, TaskTypeVersion: task.Version,
		Metadata:  &core.TaskMetadata{Retries: &core.RetryStrategy{Retries: task.Retries}},
		Interface: &core.TypedInterface{},
	}
	if task.Custom != nil {
		custom, err := structpb.NewStruct(task.Custom)
		must(t, err)
		template.Custom = custom
	}
	if len(task.Outputs) > 0 {
		outputs := &core.VariableMap{}
		for name, kind := range task.Outputs {
			entry := &core.VariableEntry{Key: name, Value: &core.Variable{Type: kind}}
			outputs.Variables = append(outputs.Variables, entry)
		}
		template.Interface.Outputs = outputs
	}
	return template
}

// Now tells the action as it is; nil when it is gone.
func (r *Run) Now(t *testing.T) *flyteorgv1.TaskAction {
	t.Helper()
	action := &flyteorgv1.TaskAction{}
	err := r.world.Cluster.Get(t.Context(), r.key, action)
	if errors.IsNotFound(err) {
		return nil
	}
	must(t, err)
	return action
}

// Await waits until the condition holds of the action, nil for one that is gone.
func (r *Run) Await(
	t *testing.T, limit time.Duration, what string, holds func(*flyteorgv1.TaskAction) bool,
) *flyteorgv1.TaskAction {
	t.Helper()
	end := time.Now().Add(limit)
	for {
		action := r.Now(t)
		if holds(action) {
			return action
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s, but %s", what, limit, describe(action))
		}
		time.Sleep(look)
	}
}

// Finished waits until the executor calls the action done, well or not.
func (r *Run) Finished(t *testing.T, limit time.Duration) *flyteorgv1.TaskAction {
	t.Helper()
	return r.Await(t, limit, "the end of the task", Done)
}

// Delete asks the cluster to remove the action: an abort while it runs, a clean-up afterwards.
func (r *Run) Delete(t *testing.T) {
	t.Helper()
	must(t, r.world.Cluster.Delete(t.Context(), r.Now(t)))
}

// Gone waits until the executor has let go of the deleted action.
func (r *Run) Gone(t *testing.T, limit time.Duration) {
	t.Helper()
	r.Await(t, limit, "the removal of the action", func(action *flyteorgv1.TaskAction) bool { return action == nil })
}

// Events tells what the executor reported of this run.
func (r *Run) Events() []*workflow.ActionEvent { return r.world.Events.Of(r.name) }

// File is where a file of the given attempt belongs, the first attempt being 1.
func (r *Run) File(t *testing.T, attempt uint32, name string) storage.DataReference {
	t.Helper()
	prefix, err := plugin.ComputeActionOutputPath(
		t.Context(), namespace, r.key.Name, runBase+r.name, "a0", attempt,
	)
	must(t, err)
	return prefix + storage.DataReference("/"+name)
}

// Outputs reads outputs.pb of an attempt; nil when there is none.
func (r *Run) Outputs(t *testing.T, attempt uint32) map[string]*core.Literal {
	t.Helper()
	outputs := &core.LiteralMap{}
	err := r.world.Store.ReadProtobuf(t.Context(), r.File(t, attempt, "outputs.pb"), outputs)
	if storage.IsNotFound(err) {
		return nil
	}
	must(t, err)
	if outputs.Literals == nil {
		return map[string]*core.Literal{}
	}
	return outputs.Literals
}

// Phases tells the phases the action went through.
func Phases(action *flyteorgv1.TaskAction) string {
	var names []string
	for _, entry := range action.Status.PhaseHistory {
		names = append(names, entry.Phase)
	}
	return strings.Join(names, " ")
}

// Done says whether an action is finished.
func Done(action *flyteorgv1.TaskAction) bool {
	return action != nil && (Succeeded(action) || condition(action, flyteorgv1.ConditionTypeFailed))
}

// Succeeded says whether an action is finished and well.
func Succeeded(action *flyteorgv1.TaskAction) bool {
	return condition(action, flyteorgv1.ConditionTypeSucceeded)
}

// Failure tells code and message of a failed action.
func Failure(action *flyteorgv1.TaskAction) (code, message string) {
	if state := action.Status.ErrorState; state != nil {
		return state.Code, state.Message
	}
	return "", ""
}

func condition(action *flyteorgv1.TaskAction, kind flyteorgv1.TaskActionConditionType) bool {
	for _, one := range action.Status.Conditions {
		if one.Type == string(kind) && one.Status == metav1.ConditionTrue {
			return true
		}
	}
	return false
}

func describe(action *flyteorgv1.TaskAction) string {
	if action == nil {
		return "the action is gone"
	}
	code, message := Failure(action)
	return fmt.Sprintf("phase %q after [%s], attempt %d, system failures %d, error %q %q",
		action.Status.PluginPhase, Phases(action), action.Status.Attempts, action.Status.SystemFailures,
		code, message)
}

// Kind is a simple type.
func Kind(simple core.SimpleType) *core.LiteralType {
	return &core.LiteralType{Type: &core.LiteralType_Simple{Simple: simple}}
}

// Strings declares outputs that are strings.
func Strings(names ...string) map[string]*core.LiteralType {
	kinds := make(map[string]*core.LiteralType, len(names))
	for _, name := range names {
		kinds[name] = Kind(core.SimpleType_STRING)
	}
	return kinds
}

// Text is a string literal.
func Text(value string) *core.Literal {
	return primitive(&core.Primitive{Value: &core.Primitive_StringValue{StringValue: value}})
}

// Whole is an integer literal.
func Whole(value int64) *core.Literal {
	return primitive(&core.Primitive{Value: &core.Primitive_Integer{Integer: value}})
}

func primitive(value *core.Primitive) *core.Literal {
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{
		Value: &core.Scalar_Primitive{Primitive: value},
	}}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
