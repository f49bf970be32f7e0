package app

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// version is set by the linker: -X github.com/winnow-crm/winnow/cmd/internal/app.version=1.2.3
var version string

// Version is what this build calls itself.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// buildInfo is the metric that says what runs: a gauge of 1 with everything in its labels, as is usual.
func buildInfo(model string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "winnow_build_info", Help: "1; its labels say which build runs, and by which rules it rates.",
		ConstLabels: prometheus.Labels{"version": Version(), "goversion": runtime.Version(), "model": model},
	})
	g.Set(1)
	return g
}
