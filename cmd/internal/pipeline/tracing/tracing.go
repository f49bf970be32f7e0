// Package tracing follows sampled deliveries through the pipeline: one trace from the webhook to the CRM's answer to
// the rating, with the fetches in between. Between two steps a trace travels in a header of the message, as W3C Trace
// Context has it. What is not sampled leaves no header and costs nothing.
//
// Names and attributes hold sources, types, results and counts: nothing of a person, and no id that a CRM gave.
package tracing

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Header is the message header with the traces of what it holds.
const Header = "traceparent"

// most is how many traces a message belongs to at most. A batch of many sampled deliveries is followed for the first
// of them only.
const most = 16

// Trail is the traces that a piece of work belongs to, each by its newest span: one of a delivery, several of what
// came of several deliveries. Nil: none is sampled.
type Trail []trace.SpanContext

// With returns the trail of what came of t and of other. Of a trace in both the span of t stands.
func (t Trail) With(other Trail) Trail {
	out := t
	for _, sc := range other {
		if len(out) < most && !out.has(sc.TraceID()) {
			out = append(slices.Clip(out), sc) // who else holds t keeps it as it is
		}
	}
	return out
}

func (t Trail) has(id trace.TraceID) bool {
	return slices.ContainsFunc(t, func(sc trace.SpanContext) bool { return sc.TraceID() == id })
}

// Header is the trail as the value of a message's header, empty where there is none.
func (t Trail) Header() string {
	parents := make([]string, len(t))
	for i, sc := range t {
		parents[i] = "00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-" + sc.TraceFlags().String()
	}
	return strings.Join(parents, ",")
}

// In puts the trail into the headers of a message, which may be nil, and returns them.
func (t Trail) In(header map[string]string) map[string]string {
	if len(t) == 0 {
		return header
	}
	if header == nil {
		header = map[string]string{}
	}
	header[Header] = t.Header()
	return header
}

// Of is the trail in the headers of a message. What cannot be read is left out.
func Of(header map[string]string) (t Trail) {
	if header[Header] == "" {
		return nil
	}
	for parent := range strings.SplitSeq(header[Header], ",") {
		if sc, ok := read(parent); ok && len(t) < most {
			t = append(t, sc)
		}
	}
	return t
}

func read(parent string) (trace.SpanContext, bool) {
	part := strings.Split(parent, "-")
	if len(part) != 4 || part[0] != "00" {
		return trace.SpanContext{}, false
	}
	id, err1 := trace.TraceIDFromHex(part[1])
	span, err2 := trace.SpanIDFromHex(part[2])
	sc := trace.NewSpanContext(
		trace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: trace.FlagsSampled, Remote: true},
	)
	return sc, err1 == nil && err2 == nil && part[3] == "01"
}

// Tracer makes the spans of the pipeline's steps; a nil one none.
type Tracer struct{ of trace.Tracer }

// New returns a Tracer over a provider; nil: nothing is sampled here, and what others have sampled is handed on.
func New(p trace.TracerProvider) *Tracer {
	if p == nil {
		p = noop.NewTracerProvider()
	}
	return &Tracer{p.Tracer("github.com/winnow-crm/winnow")}
}

// Received begins the trace of a delivery to a source that came at an instant, in machine time.
func (t *Tracer) Received(source string, at time.Time) *Step {
	return t.begin(context.Background(), "receive", source, trace.SpanKindServer, trace.WithTimestamp(at))
}

// Step begins a step of a source's work in every trace of its trail: what it does for another part of the pipeline.
func (t *Tracer) Step(trail Trail, name, source string) *Step {
	return t.steps(trail, name, source, trace.SpanKindConsumer)
}

// Call is Step for a call of the CRM's.
func (t *Tracer) Call(trail Trail, name, source string) *Step {
	return t.steps(trail, name, source, trace.SpanKindClient)
}

func (t *Tracer) steps(trail Trail, name, source string, kind trace.SpanKind) (s *Step) {
	for _, parent := range trail {
		one := t.begin(trace.ContextWithRemoteSpanContext(context.Background(), parent), name, source, kind)
		if one == nil {
			continue
		}
		if s == nil {
			s = one
		} else {
			s.spans = append(s.spans, one.spans...)
		}
	}
	return s
}

func (t *Tracer) begin(
	ctx context.Context,
	name, source string,
	kind trace.SpanKind,
	opts ...trace.SpanStartOption,
) *Step {
	if t == nil {
		return nil
	}
	opts = append(opts, trace.WithSpanKind(kind), trace.WithAttributes(attribute.String("winnow.source", source)))
	_, span := t.of.Start(ctx, name, opts...)
	if !span.SpanContext().IsSampled() {
		return nil
	}
	return &Step{spans: []trace.Span{span}}
}

// Step is a span in each trace that a piece of work belongs to. Nil is a step in none, and of use like any other.
type Step struct{ spans []trace.Span }

// Trail is what follows from the step.
func (s *Step) Trail() (t Trail) {
	if s == nil {
		return nil
	}
	for _, span := range s.spans {
		t = append(t, span.SpanContext())
	}
	return t
}

// End ends the step with what came of it: ok, or how it went wrong.
func (s *Step) End(result string, about ...attribute.KeyValue) {
	if s == nil {
		return
	}
	for _, span := range s.spans {
		span.SetAttributes(append(about, attribute.String("winnow.result", result))...)
		if result != "ok" {
			span.SetStatus(codes.Error, result)
		}
		span.End()
	}
}

// ID is the id of one of the traces, for an exemplar; empty where there is none.
func (s *Step) ID() string {
	if s == nil {
		return ""
	}
	return s.spans[0].SpanContext().TraceID().String()
}

// Steps are several that end together.
type Steps []*Step

// End ends each.
func (s Steps) End(result string) {
	for _, one := range s {
		one.End(result)
	}
}

// Any is one of the steps that is in a trace, nil where none is.
func (s Steps) Any() *Step {
	for _, one := range s {
		if one != nil {
			return one
		}
	}
	return nil
}
