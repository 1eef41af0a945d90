// A store of secrets, and the executor's log, in which they must not turn up.
// The stock executor has no store of secrets at all: each look-up fails there.

package executor

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
)

// Vault resolves secrets by the identifier that the connector plugin makes of a task's secret name.
type Vault struct {
	mu      sync.Mutex
	values  map[string]string
	Lookups []string
}

// Put stores a secret of this project and domain under the name that a task uses.
func (v *Vault) Put(name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.values == nil {
		v.values = map[string]string{}
	}
	v.values[name] = value
}

// Get is called by the connector plugin.
func (v *Vault) Get(_ context.Context, identifier string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Lookups = append(v.Lookups, identifier)
	_, name, found := strings.Cut(identifier, "__key__")
	value, known := v.values[name]
	if !found || !known {
		return "", fmt.Errorf("there is no secret %q", identifier)
	}
	return value, nil
}

// Journal is the log of the executor and of its plugins.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is called by the loggers.
func (j *Journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

// Lines tells the lines that contain all of the given words.
func (j *Journal) Lines(words ...string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []string
next:
	for _, line := range strings.Split(j.text.String(), "\n") {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}

// Bytes tells the whole log.
func (j *Journal) Bytes() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Clone(j.text.Bytes())
}
