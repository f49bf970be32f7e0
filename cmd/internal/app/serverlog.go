package app

import (
	"log"
	"regexp"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// serverLog takes in what an HTTP server says of its connections: at a bounded pace, for whoever connects can cause it,
// and without addresses.
func serverLog(l *zap.Logger, message string) *log.Logger {
	l = l.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(c, 10*time.Minute, 1, 0)
	}))
	return log.New(said{l, message}, "", 0)
}

type said struct {
	log     *zap.Logger
	message string
}

var address = regexp.MustCompile(`\[?[0-9a-fA-F:.]+\]?:\d+`)

func (s said) Write(line []byte) (int, error) {
	s.log.Warn(s.message, zap.ByteString("what", address.ReplaceAll(line, []byte("an address"))))
	return len(line), nil
}
