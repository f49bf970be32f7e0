package jq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime/metrics"
	"strconv"
	"time"
)

// The bounds of one run. A mapping's expressions take some hundred steps and some microseconds.
const (
	maxSteps  = 2_000_000
	maxTime   = 10 * time.Second // far beyond what the steps take, so that a busy machine breaks nothing off
	maxOutput = 16 << 20         // bytes, about
	maxValues = 100_000          // results, and depth times width of each
	maxDepth  = 200
	// maxGrowth is by how much the heap may grow during a run that takes long: texts that double themselves need few
	// steps.
	maxGrowth = 256 << 20
)

// The errors of an expression that does not end by itself.
var (
	errSteps  = errors.New("the expression takes more than 2,000,000 steps")
	errTime   = errors.New("the expression takes longer than 10 seconds")
	errOutput = errors.New("the expression gives more than 16 MiB")
	errMemory = errors.New("the expression needs more than 256 MiB")
)

// Vars are the values of variables, by name with the $. One that is not in it is null.
type Vars map[string]any

// First is the first result of an expression, nil where it has none.
func (e *Expr) First(input any, vars Vars) (any, error) {
	var got any
	err := e.run(input, vars, func(v any) bool { got = v; return false })
	return got, err
}

// All are the results of an expression. A single list stands for its elements, and nulls are left out.
func (e *Expr) All(input any, vars Vars) ([]any, error) {
	var out []any
	err := e.run(input, vars, func(v any) bool { out = append(out, v); return len(out) <= maxValues })
	if err == nil && len(out) > maxValues {
		err = errOutput
	}
	if len(out) == 1 {
		if list, ok := out[0].([]any); ok {
			out = list
		}
	}
	kept := make([]any, 0, len(out))
	for _, v := range out {
		if v != nil {
			kept = append(kept, v)
		}
	}
	return kept, err
}

// run hands each result to take until that returns false.
func (e *Expr) run(input any, vars Vars, take func(any) bool) error {
	values := make([]any, len(e.vars))
	for i, name := range e.vars {
		values[i] = vars[name]
	}
	m := &meter{begin: time.Now()}
	it := e.code.RunWithContext(m, input, values...)
	left := maxOutput
	for {
		v, ok := it.Next()
		if !ok {
			return nil
		}
		if err, bad := v.(error); bad {
			if m.err != nil {
				return m.err
			}
			return plain(err)
		}
		if left -= size(v, 0); left < 0 {
			return errOutput
		}
		if !take(v) {
			return nil
		}
	}
}

// plain is an error of an expression without the values in it: they may be words of a message.
func plain(err error) error {
	var halt interface{ IsHaltError() bool }
	if errors.As(err, &halt) {
		return errors.New("the expression was broken off")
	}
	return errors.New("the expression does not fit the record: " + kindOf(err))
}

// kindOf is what sort of error it is, as gojq's types name it.
func kindOf(err error) string {
	switch name := fmt.Sprintf("%T", err); name {
	case "*gojq.expectedObjectError":
		return "something that is no object is asked for a field"
	case "*gojq.expectedArrayError":
		return "something that is no list is asked for an element"
	case "*gojq.iteratorError":
		return "something that is neither a list nor an object is iterated over"
	case "*gojq.binopTypeError", "*gojq.unaryTypeError":
		return "an operator does not fit its values"
	case "*gojq.func0TypeError",
		"*gojq.func1TypeError",
		"*gojq.func2TypeError",
		"*gojq.func0WrapError",
		"*gojq.func1WrapError",
		"*gojq.func2WrapError":
		return "a function does not fit its values"
	case "*jq.fault":
		return err.Error()
	}
	return "it fails on its values"
}

// size is about how many bytes a value takes as JSON; more than there may be for one that is too deep.
func size(v any, depth int) int {
	if depth > maxDepth {
		return maxOutput + 1
	}
	switch v := v.(type) {
	case string:
		return len(v) + 2
	case []any:
		n := 2
		for _, e := range v {
			if n += size(e, depth+1) + 1; n > maxOutput {
				return n
			}
		}
		return n
	case map[string]any:
		n := 2
		for k, e := range v {
			if n += len(k) + size(e, depth+1) + 4; n > maxOutput {
				return n
			}
		}
		return n
	case *big.Int:
		return v.BitLen()/3 + 1
	}
	return 8
}

// meter is the context of a run: it ends after so many steps, of which gojq asks it at each.
type meter struct {
	begin time.Time
	steps int
	heap  uint64
	err   error
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// slow is how long a run may take before its memory is watched.
const slow = 5 * time.Millisecond

// Done counts a step.
func (m *meter) Done() <-chan struct{} {
	m.steps++
	switch {
	case m.err != nil:
	case m.steps > maxSteps:
		m.err = errSteps
	case m.steps%16 != 0:
		return nil
	default:
		m.look()
	}
	if m.err != nil {
		return closed
	}
	return nil
}

// look compares time and memory with their bounds.
func (m *meter) look() {
	switch took := time.Since(m.begin); {
	case took > maxTime:
		m.err = errTime
	case took > slow:
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		if sample[0].Value.Kind() != metrics.KindUint64 {
			return
		}
		heap := sample[0].Value.Uint64()
		if m.heap == 0 {
			m.heap = heap
		}
		if heap > m.heap+maxGrowth {
			m.err = errMemory
		}
	}
}

func (m *meter) Err() error                  { return m.err }
func (m *meter) Deadline() (time.Time, bool) { return time.Time{}, false }
func (m *meter) Value(any) any               { return nil }

var _ context.Context = (*meter)(nil)

// Text is a value as text: "" for null, false and what is no scalar.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return ""
	case int:
		return strconv.Itoa(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case *big.Int:
		return v.String()
	case json.Number:
		return v.String()
	}
	return ""
}

// Number is a value as a number; ok is false for what is none.
func Number(v any) (n float64, ok bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case *big.Int:
		n, _ = new(big.Float).SetInt(v).Float64()
		return n, !math.IsInf(n, 0)
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
	}
	return 0, false
}

// Truth is a value as a condition, as jq takes it: false and null are no.
func Truth(v any) bool { return v != nil && v != false }
