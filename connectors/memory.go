package connectors

import (
	"bytes"
	"context"
	"sync"
)

// NewMemory is a State that ends with the process, for commands that have no store, and for tests.
func NewMemory() State { return &memory{values: map[string][]byte{}} }

type memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) Get(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.values[name]), nil
}

func (m *memory) Put(_ context.Context, name string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value == nil {
		delete(m.values, name)
		return nil
	}
	m.values[name] = bytes.Clone(value)
	return nil
}
