package tracing

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// recorded returns a Tracer that samples all, and what it has ended.
func recorded(t *testing.T) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	ended := tracetest.NewSpanRecorder()
	return New(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(ended))), ended
}

// TestTrailTravels: a trail comes out of the headers as it was put in, and the next step is a child in each trace.
func TestTrailTravels(t *testing.T) {
	tracer, ended := recorded(t)
	first, second := tracer.Received("eu", time.Now()), tracer.Received("eu", time.Now())
	trail := Of(first.Trail().With(second.Trail()).In(nil))
	step := tracer.Step(trail, "read", "eu")
	step.End("ok")
	first.End("ok")
	second.End("not_stored")
	var parents []string
	for _, span := range ended.Ended()[:2] {
		if span.Name() != "read" {
			t.Fatalf("ended %q, want read", span.Name())
		}
		parents = append(parents, span.Parent().TraceID().String()+span.Parent().SpanID().String())
	}
	var want []string
	for _, sc := range trail {
		want = append(want, sc.TraceID().String()+sc.SpanID().String())
	}
	if diff := cmp.Diff(want, parents); diff != "" || len(want) != 2 {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if got := ended.Ended()[3].Status().Description; got != "not_stored" {
		t.Errorf("the status of what went wrong is %q", got)
	}
}

// TestTrailIsBounded: a message belongs to so many traces at most, and to none twice.
func TestTrailIsBounded(t *testing.T) {
	tracer, _ := recorded(t)
	var trail Trail
	for range 2 * most {
		one := tracer.Received("eu", time.Now()).Trail()
		trail = trail.With(one).With(one)
	}
	if len(trail) != most {
		t.Errorf("%d traces, want %d", len(trail), most)
	}
	long := map[string]string{Header: strings.Repeat(trail[:1].Header()+",", 2*most) + trail[:1].Header()}
	if got := len(Of(long)); got != most {
		t.Errorf("%d traces are read, want %d", got, most)
	}
}

// TestWhatIsNotSampled leaves no header, and a step of it is of use all the same.
func TestWhatIsNotSampled(t *testing.T) {
	for name, tracer := range map[string]*Tracer{
		"no provider": New(nil), "never": New(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))),
	} {
		step := tracer.Received("eu", time.Now())
		if step.Trail().In(nil) != nil || step.ID() != "" || tracer.Step(step.Trail(), "read", "eu") != nil {
			t.Errorf("%s: there is a trace", name)
		}
		step.End("ok")
		Steps{step, nil}.End("ok")
	}
}

// TestThroughAProcessWithoutTraces: what was sampled elsewhere is handed on as it came.
func TestThroughAProcessWithoutTraces(t *testing.T) {
	tracer, _ := recorded(t)
	trail := tracer.Received("eu", time.Now()).Trail()
	if got := New(nil).Step(trail, "read", "eu").Trail().Header(); got != trail.Header() {
		t.Errorf("handed on %q, want %q", got, trail.Header())
	}
}

// TestBrokenHeaders are as if there were none.
func TestBrokenHeaders(t *testing.T) {
	const fine = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if got := Of(
		map[string]string{Header: fine},
	); len(got) != 1 || !got[0].IsRemote() ||
		got[0].TraceFlags() != trace.FlagsSampled {
		t.Fatalf("%q is read as %v", fine, got)
	}
	for _, broken := range []string{
		"", ",", "00", "00-x-y-01", strings.ToUpper(fine), strings.Replace(fine, "-01", "-00", 1),
		strings.Replace(fine, "00-", "ff-", 1),
	} {
		if got := Of(map[string]string{Header: broken}); len(got) > 0 {
			t.Errorf("%q is read as %v", broken, got)
		}
	}
}
