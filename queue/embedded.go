package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startWait is how long the embedded server may take to read a large store after a crash.
const startWait = 5 * time.Minute

// account is the one that the server uses where none is configured, and the name of its directory.
const account = "$G"

// maxPending is what the server may hold for one connection before it calls it slow: far more than we ever ask for at once.
const maxPending = 512 << 20

// embedded is the NATS server inside this process and its hold on the directory.
type embedded struct {
	srv  *server.Server
	lock *os.File
	log  *serverLog
}

// openEmbedded takes the directory for this process, checks the key and starts the server. Its sizes stand in the Config returned.
func openEmbedded(cfg Config) (e *embedded, _ Config, err error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, cfg, unusable(err)
	}
	lock, err := os.OpenFile(filepath.Join(cfg.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, cfg, unusable(err)
	}
	defer func() {
		if err != nil {
			_ = lock.Close() // which also lets go of the lock; the error at hand says more
		}
	}()
	if err := lockFile(lock); err != nil {
		if errors.Is(err, ErrInUse) {
			err = fmt.Errorf("%w; stop that one, or if it is a winnow serve that a command is meant for, give the command its WINNOW_ADMIN_LISTEN", err)
		}
		return nil, cfg, fmt.Errorf("%s: %w", cfg.Dir, err)
	}
	if err := checkKey(cfg.Dir, cfg.Key); err != nil {
		return nil, cfg, err
	}
	free, total, err := diskSpace(cfg.Dir)
	if err != nil {
		return nil, cfg, err
	}
	if cfg, err = cfg.sized(dirBytes(cfg.Dir), free, total); err != nil {
		return nil, cfg, err
	}
	before, err := storedStreams(cfg.Dir)
	if err != nil {
		return nil, cfg, err
	}
	srv, err := server.NewServer(serverOptions(cfg))
	if err != nil {
		return nil, cfg, fmt.Errorf("embedded server: %w", err)
	}
	log := &serverLog{log: cfg.Log, fatal: make(chan string, 1)}
	srv.SetLoggerV2(log, false, false, false)
	go srv.Start()
	e = &embedded{srv: srv, lock: lock, log: log}
	if !srv.ReadyForConnections(startWait) {
		return nil, cfg, errors.Join(errors.New("embedded server: not ready, see its log"), e.close())
	}
	if !srv.JetStreamEnabled() {
		return nil, cfg, errors.Join(fmt.Errorf("embedded server: no JetStream in %s, see its log", cfg.Dir), e.close())
	}
	// A stream that the server cannot read is simply not there for it, and would be made anew and empty.
	for _, name := range before {
		if h := e.health(&server.HealthzOptions{Account: account, Stream: name}); h.StatusCode != http.StatusOK {
			return nil, cfg, errors.Join(fmt.Errorf("%s: stream %s is on the disk but cannot be read (%s); restore the directory from a backup", cfg.Dir, name, h.Error), e.close())
		}
	}
	return e, cfg, nil
}

// unusable says of a store directory that cannot be made or written what a person can do about it.
func unusable(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("WINNOW_DATA_DIR: %w; let the directory belong to user %d, as whom winnow runs (chown; for a container that of the host that is mounted there), or name another one", err, os.Getuid())
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("WINNOW_DATA_DIR: %w; name a directory that can be written to, in a container one on a volume", err)
	}
	return fmt.Errorf("WINNOW_DATA_DIR: %w", err)
}

// health asks the server how it is. It gives itself a millisecond to find out whether it takes connections, which on a busy machine
// passes while it waits for the processor: that answer says nothing, and it is asked again.
func (e *embedded) health(o *server.HealthzOptions) *server.HealthStatus {
	for try := 1; ; try++ {
		h := e.srv.Healthz(o)
		if try == 50 || !strings.HasPrefix(h.Error, "failed to be ready for connections") {
			return h
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func serverOptions(cfg Config) *server.Options {
	o := &server.Options{
		ServerName: "winnow", DontListen: true, NoSigs: true, NoSystemAccount: true, DisableJetStreamBanner: true,
		MaxPayload: cfg.MaxPayload, MaxPending: maxPending, WriteDeadline: 10 * time.Second,
		JetStream: true, StoreDir: cfg.Dir, JetStreamMaxMemory: 2 * leaseBytes,
		// MaxStore is kept by Room. Here it would count what streams may hold as held, and so refuse to read a store again whose
		// disk others have filled meanwhile; and it would refuse commits, which are what empties the queue.
		JetStreamMaxStore: 4 * mostMaxStore,
		SyncAlways:        true, // an acknowledged message survives a power failure
		JetStreamLimits:   server.JSLimitOpts{MaxBatchSize: batchLimit, MaxBatchTimeout: 30 * time.Second, DefaultMaxConsumers: -1},
	}
	if cfg.Key != "" {
		o.JetStreamKey, o.JetStreamCipher = cfg.Key, server.ChaCha
	}
	return o
}

// close stops the server, waits for it and lets go of the directory.
func (e *embedded) close() error {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
	return e.lock.Close()
}

// storedStreams lists the streams on the disk: the server keeps each in a directory of its name.
func storedStreams(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "jetstream", account, "streams"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		// A stream without its description was not finished when the process ended: nothing in it was ever acknowledged.
		if _, err := os.Stat(filepath.Join(dir, "jetstream", account, "streams", e.Name(), "meta.inf")); err == nil {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// dirBytes is what the files below dir take up; what vanishes meanwhile does not count.
func dirBytes(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// serverLog hands the server's lines on. It never ends the process, as the server's own logger does.
type serverLog struct {
	log   func(level, message string)
	fatal chan string
}

func (l *serverLog) Noticef(format string, v ...any) { l.log("debug", fmt.Sprintf(format, v...)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log("warn", fmt.Sprintf(format, v...)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log("error", fmt.Sprintf(format, v...)) }
func (l *serverLog) Debugf(string, ...any)           {} // off, and would hold subjects
func (l *serverLog) Tracef(string, ...any)           {} // off, and would hold payloads
func (l *serverLog) Fatalf(format string, v ...any) {
	message := fmt.Sprintf(format, v...)
	l.log("error", message)
	select {
	case l.fatal <- message:
	default: // one reason is enough
	}
}
