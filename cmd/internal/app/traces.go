package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"
)

// Traces is where spans go. Close sends what has not been sent yet.
type Traces struct {
	trace.TracerProvider
	Close func(context.Context) error
}

// tracesPerSecond bounds how many deliveries are followed where OTEL_TRACES_SAMPLER does not say: enough to see how
// it goes, and nothing next to thousands a second.
const tracesPerSecond = 5

// NewTraces returns where spans go by the standard variables OTEL_*, and a nil provider where they name no endpoint.
// Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
func NewTraces(ctx context.Context, report func(error)) (*Traces, error) {
	none := &Traces{Close: func(context.Context) error { return nil }}
	if first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") == "" ||
		strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return none, nil
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "", "otlp":
	case "none":
		return none, nil
	default:
		return none, fmt.Errorf("OTEL_TRACES_EXPORTER: %q: want otlp or none", exporter)
	}
	exporter, err := exporter(ctx)
	if err != nil {
		return none, fmt.Errorf("OTEL_EXPORTER_OTLP_*: %w", err)
	}
	about, err := resource.New(
		ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("winnow"), semconv.ServiceVersion(Version())),
		resource.WithFromEnv(),
	)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return none, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	opts := []sdktrace.TracerProviderOption{
		sdktrace.WithBatcher(reporting{exporter, report}),
		sdktrace.WithResource(about),
	}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" { // else the SDK does what it says
		opts = append(
			opts,
			sdktrace.WithSampler(sdktrace.ParentBased(&paced{rate.NewLimiter(tracesPerSecond, 2*tracesPerSecond)})),
		)
	}
	p := sdktrace.NewTracerProvider(opts...)
	return &Traces{TracerProvider: p, Close: p.Shutdown}, nil
}

func first(names ...string) string {
	for _, name := range names {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

func exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	switch protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		return otlptracehttp.New(ctx)
	case "grpc":
		return otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("protocol %q: want http/protobuf or grpc", protocol)
	}
}

// reporting says when spans cannot be sent. Nothing else suffers from that.
type reporting struct {
	sdktrace.SpanExporter
	report func(error)
}

// ExportSpans sends spans. The error is reported here, once: the SDK would print it to standard error.
func (r reporting) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := r.SpanExporter.ExportSpans(ctx, spans); err != nil {
		r.report(err)
	}
	return nil
}

// paced samples so many new traces a second.
type paced struct{ limit *rate.Limiter }

// ShouldSample decides on a trace that begins here.
func (p *paced) ShouldSample(s sdktrace.SamplingParameters) sdktrace.SamplingResult {
	d := sdktrace.Drop
	if p.limit.Allow() {
		d = sdktrace.RecordAndSample
	}
	return sdktrace.SamplingResult{Decision: d, Tracestate: trace.SpanContextFromContext(s.ParentContext).TraceState()}
}

// Description is the sampler's name.
func (p *paced) Description() string { return "PacedSampler" }
