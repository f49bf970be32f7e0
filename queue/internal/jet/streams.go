package jet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/nats-io/nats.go/jetstream"
)

// Ready waits until JetStream answers: a cluster that has just started elects its leader first, and forgets what it was
// asked before.
func (s *Server) Ready(ctx context.Context) error {
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := s.js[0].AccountInfo(try)
		cancel()
		if err == nil || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) ||
			errors.Is(err, jetstream.ErrJetStreamNotEnabled) {
			return err
		}
		if Pause(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("no answer from JetStream: %w", err)
		}
	}
}

// peersWait is how long PutStream waits for servers of a cluster that are known and not there: one that has just
// started meets the others one by one.
const peersWait = 15 * time.Second

// PutStream makes or updates a stream, and leaves alone one that has not its metadata: it is not ours.
func (s *Server) PutStream(ctx context.Context, c jetstream.StreamConfig) error {
	waiting, cancel := context.WithTimeout(ctx, peersWait)
	defer cancel()
	for {
		err := s.putStream(ctx, c)
		if !IsCode(err, CodeNoPeers) || !strings.Contains(err.Error(), "offline") ||
			Pause(waiting, 200*time.Millisecond) != nil {
			return err
		}
	}
}

func (s *Server) putStream(ctx context.Context, c jetstream.StreamConfig) error {
	there, err := s.js[0].Stream(ctx, c.Name)
	switch {
	case err == nil:
		for k, v := range c.Metadata {
			if there.CachedInfo().Config.Metadata[k] != v {
				return fmt.Errorf("stream %s is there and is not Winnow's: use a NATS account of its own", c.Name)
			}
		}
		_, err = s.js[0].UpdateStream(ctx, c)
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = s.js[0].CreateStream(ctx, c)
	}
	if IsCode(err, CodeNoStorage, CodeNoResources) || IsCode(err, CodeNoPeers) &&
		strings.Contains(err.Error(), "insufficient storage") {
		return fmt.Errorf("stream %s wants %s, more than the server has left: raise its storage, or lower the "+
			"WINNOW_QUEUE_* sizes: %w", c.Name, humanize.IBytes(uint64(max(c.MaxBytes, 0))), err)
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", c.Name, err)
	}
	return nil
}
