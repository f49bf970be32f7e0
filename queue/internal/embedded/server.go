// Package embedded is the NATS server inside this process, and its hold on the directory in which it keeps everything.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startWait is how long the embedded server may take to read a large store after a crash.
const startWait = 5 * time.Minute

// account is the one that the server uses where none is configured, and the name of its directory.
const account = "$G"

// maxPending is what the server may hold for one connection before it calls it slow: far more than we ever ask for at
// once.
const maxPending = 512 << 20

// ErrInUse says that another process has the directory.
var ErrInUse = errors.New("the store is open in another process")

// Dir is a store's directory, held by this process alone.
type Dir struct {
	path, key string
	lock      *os.File
}

// Take makes the directory if there is none, takes it for this process, and checks the key.
func Take(path, key string) (_ *Dir, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, unusable(err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	d := &Dir{path: path, key: key, lock: lock}
	defer func() {
		if err != nil {
			_ = d.Leave() // the error at hand says more
		}
	}()
	if err := lockFile(lock); err != nil {
		if errors.Is(err, ErrInUse) {
			err = fmt.Errorf("%w; stop that one, or if it is a winnow serve that a command is meant for, give the "+
				"command its WINNOW_ADMIN_LISTEN", err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkKey(path, key); err != nil {
		return nil, err
	}
	return d, nil
}

// Leave lets go of a directory in which no server runs.
func (d *Dir) Leave() error { return d.lock.Close() }

// Used is what the files of the store take up; what vanishes meanwhile does not count.
func (d *Dir) Used() (n int64) {
	_ = filepath.WalkDir(d.path, func(_ string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// Options are the server's bounds.
type Options struct {
	MaxPayload int32 // bytes of one message
	MaxMemory  int64 // bytes of the streams in memory
	MaxStore   int64 // bytes of the others
	MaxBatch   int   // messages of one atomic batch
	Log        func(level, message string)
	Stopped    func() // called by Close when nothing writes any more and the directory is still held
}

// Server is a server that runs in a directory.
type Server struct {
	srv    *server.Server
	dir    *Dir
	log    *serverLog
	broken context.Context

	stopped func()
	once    sync.Once
	left    error
}

// Start runs the server in the directory, which belongs to it from then on, whether it starts or not.
func (d *Dir) Start(o Options) (_ *Server, err error) {
	before, err := storedStreams(d.path)
	if err != nil {
		return nil, errors.Join(err, d.Leave())
	}
	srv, err := server.NewServer(d.options(o))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded server: %w", err), d.Leave())
	}
	broken, breaks := context.WithCancelCause(context.Background())
	e := &Server{srv: srv, dir: d, broken: broken, stopped: o.Stopped}
	e.log = &serverLog{log: o.Log, fatal: make(chan string, 1), breaks: breaks}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	srv.SetLoggerV2(e.log, false, false, false)
	go srv.Start()
	if !srv.ReadyForConnections(startWait) {
		return nil, errors.New("embedded server: not ready, see its log")
	}
	if !srv.JetStreamEnabled() {
		return nil, fmt.Errorf("embedded server: no JetStream in %s, see its log", d.path)
	}
	// A stream that the server cannot read is simply not there for it, and would be made anew and empty.
	unreadable := &UnreadableError{Dir: d.path}
	for _, name := range before {
		if h := e.health(&server.HealthzOptions{Account: account, Stream: name}); h.StatusCode != http.StatusOK {
			unreadable.Streams, unreadable.why = append(unreadable.Streams, name), h.Error
		}
	}
	if len(unreadable.Streams) > 0 {
		return nil, unreadable
	}
	return e, nil
}

// UnreadableError says that the server cannot make anything of streams that are there.
type UnreadableError struct {
	Dir     string
	Streams []string
	why     string
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s: stream %s is on the disk but cannot be read (%s); restore the directory from a backup, "+
		"or run winnow repair",
		e.Dir, strings.Join(e.Streams, ", "), e.why)
}

// Empty reports whether there is no stream in the directory.
func (d *Dir) Empty() (bool, error) {
	names, err := storedStreams(d.path)
	return len(names) == 0, err
}

// unusable says of a store directory that cannot be made or written what a person can do about it.
func unusable(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("WINNOW_DATA_DIR: %w; let the directory belong to user %d, as whom winnow runs (chown; for "+
			"a container that of the host that is mounted there), or name another one", err, os.Getuid())
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("WINNOW_DATA_DIR: %w; name a directory that can be written to, in a container one on a volume", err)
	}
	return fmt.Errorf("WINNOW_DATA_DIR: %w", err)
}

// health asks the server how it is. It gives itself a millisecond to find out whether it takes connections, which on a
// busy machine passes while it waits for the processor: that answer says nothing, and it is asked again.
func (e *Server) health(o *server.HealthzOptions) *server.HealthStatus {
	for try := 1; ; try++ {
		h := e.srv.Healthz(o)
		if try == 50 || !strings.HasPrefix(h.Error, "failed to be ready for connections") {
			return h
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (d *Dir) options(o Options) *server.Options {
	so := &server.Options{
		ServerName: "winnow", DontListen: true, NoSigs: true, NoSystemAccount: true, DisableJetStreamBanner: true,
		MaxPayload: o.MaxPayload, MaxPending: maxPending, WriteDeadline: 10 * time.Second,
		JetStream: true, StoreDir: d.path, JetStreamMaxMemory: o.MaxMemory, JetStreamMaxStore: o.MaxStore,
		SyncAlways: true, // an acknowledged message survives a power failure
		JetStreamLimits: server.JSLimitOpts{
			MaxBatchSize: o.MaxBatch, MaxBatchTimeout: 30 * time.Second, DefaultMaxConsumers: -1,
		},
	}
	if d.key != "" {
		so.JetStreamKey, so.JetStreamCipher = d.key, server.ChaCha
	}
	return so
}

// Connection is how to connect to the server inside this process.
func (e *Server) Connection() nats.Option { return nats.InProcessServer(e.srv) }

// Broken ends when the server could not write to a stream's file, with the reason as its cause. That stream answers
// nothing any more, or only that it failed, until the server starts again.
func (e *Server) Broken() context.Context { return e.broken }

// Health returns what the server says is wrong with it, each stream's write errors included; empty where all is well.
func (e *Server) Health() string { return e.health(&server.HealthzOptions{}).Error }

// Watch returns when the server has stopped, and says why to failed where that was not asked for.
func (e *Server) Watch(failed func(error)) {
	stopped := make(chan struct{})
	go func() { e.srv.WaitForShutdown(); close(stopped) }()
	select {
	case why := <-e.log.fatal:
		failed(fmt.Errorf("queue: embedded server: %s", why))
		<-stopped
	case <-stopped:
		failed(errors.New("queue: the embedded server stopped by itself"))
	}
}

// Close stops the server, waits for it and lets go of the directory. It may be called twice.
func (e *Server) Close() error {
	e.once.Do(func() {
		e.srv.Shutdown()
		e.srv.WaitForShutdown()
		if e.stopped != nil {
			e.stopped()
		}
		e.left = e.dir.Leave()
	})
	return e.left
}

// storedStreams lists the streams on the disk: the server keeps each in a directory of its name.
func storedStreams(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "jetstream", account, "streams"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		// A stream without its description was not finished when the process ended: nothing in it was ever
		// acknowledged.
		if _, err := os.Stat(filepath.Join(dir, "jetstream", account, "streams", e.Name(), "meta.inf")); err == nil {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// BlockFiles are the sizes of the files that hold the messages of the streams in dir, by stream and name.
func BlockFiles(dir string) (map[string]map[string]int64, error) {
	names, err := storedStreams(dir)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]int64{}
	for _, stream := range names {
		files, err := filepath.Glob(filepath.Join(dir, "jetstream", account, "streams", stream, "msgs", "*.blk"))
		if err != nil {
			return nil, err
		}
		all[stream] = map[string]int64{}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				return nil, err
			}
			all[stream][filepath.Base(file)] = info.Size()
		}
	}
	return all, nil
}

// serverLog hands the server's lines on. It never ends the process, as the server's own logger does.
type serverLog struct {
	log    func(level, message string)
	fatal  chan string
	breaks context.CancelCauseFunc
}

func (l *serverLog) Noticef(format string, v ...any) { l.log("debug", fmt.Sprintf(format, v...)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log("warn", fmt.Sprintf(format, v...)) }
func (l *serverLog) Debugf(string, ...any)           {} // off, and would hold subjects
func (l *serverLog) Tracef(string, ...any)           {} // off, and would hold payloads
func (l *serverLog) Errorf(format string, v ...any) {
	message := fmt.Sprintf(format, v...)
	// The first to hear of it: a look at the health may be seconds away. DISABLED is what becomes of JetStream then.
	if strings.Contains(message, "write error") || strings.Contains(message, "DISABLED") {
		l.breaks(errors.New(message))
	}
	l.log("error", message)
}

func (l *serverLog) Fatalf(format string, v ...any) {
	message := fmt.Sprintf(format, v...)
	l.log("error", message)
	select {
	case l.fatal <- message:
	default: // one reason is enough
	}
}
