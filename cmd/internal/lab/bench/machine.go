package bench

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Machine is what the figures depend on most.
type Machine struct {
	OS, Arch, CPU string
	Cores         int
	GoMaxProcs    int
	FileSystem    string  // of the stores
	FsyncMedian   float64 // seconds, of 4 KiB appended to a file there
	FsyncP99      float64
	Load          string // the system's load averages before we began, where it tells
}

func machine(dir string) (Machine, error) {
	m := Machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: "unknown", Cores: runtime.NumCPU(),
		GoMaxProcs: runtime.GOMAXPROCS(0), FileSystem: fileSystem(dir),
	}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(b))[:3], " ")
	}
	p50, p99, err := fsync(dir)
	m.FsyncMedian, m.FsyncP99 = p50.Seconds(), p99.Seconds()
	return m, err
}

// fileSystem is the type of the file system that dir lies on, where the system tells.
func fileSystem(dir string) string {
	b, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return "unknown"
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	longest, found := 0, "unknown"
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line) // device, mount point, type, options
		if len(f) < 3 || len(f[1]) < longest {
			continue
		}
		if f[1] == dir || strings.HasPrefix(dir, strings.TrimSuffix(f[1], "/")+"/") {
			longest, found = len(f[1]), f[2]
		}
	}
	return found
}

// fsync measures how long it takes to make 4 KiB durable.
func fsync(dir string) (p50, p99 time.Duration, err error) {
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4096)
	var times []time.Duration
	for range 200 {
		if _, err := f.Write(block); err != nil {
			return 0, 0, err
		}
		at := time.Now()
		if err := f.Sync(); err != nil {
			return 0, 0, err
		}
		times = append(times, time.Since(at))
	}
	p50, p99 = quantiles(times)
	return p50, p99, nil
}

// ownCPU is the CPU time in seconds that this process, the senders and the sandbox, has taken; 0 where the system does
// not tell.
func ownCPU() float64 {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := registry.Gather()
	if err != nil {
		return 0
	}
	for _, f := range families {
		if f.GetName() == "process_cpu_seconds_total" && len(f.GetMetric()) == 1 {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}
