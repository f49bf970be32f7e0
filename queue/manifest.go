package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// manifest is what the store of our own held when it was last looked at: beside it, for a store that has lost files
// does not know of them.
type manifest struct {
	Format  int               `json:"format"`
	Meta    meta              `json:"meta"`
	Streams map[string]extent `json:"streams"`
}

// extent is how far a stream goes.
type extent struct {
	First    uint64    `json:"first"`
	Last     uint64    `json:"last"`
	Messages uint64    `json:"messages"`
	Since    time.Time `json:"since,omitzero"` // when the first of them was stored
}

const (
	manifestName   = "winnow-manifest.json"
	manifestFormat = 1
	manifestEvery  = time.Second
)

func readManifest(dir string) (*manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var m manifest
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err == nil && m.Format != manifestFormat {
		err = fmt.Errorf("format %d, this version of Winnow reads %d", m.Format, manifestFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	return &m, nil
}

func (m *manifest) write(dir string) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return embedded.WriteFile(filepath.Join(dir, manifestName), b)
}

// repaired writes down at once what is left of a store that was repaired: a command closes it sooner than keepManifest
// comes to it, and the next start would miss the same again.
func (q *Queue) repaired(ctx context.Context) error {
	m, err := q.manifest(ctx)
	if err != nil {
		return err
	}
	return m.write(q.cfg.Dir)
}

// keepManifest writes down what the store holds, as often as that changes, until Close.
func (q *Queue) keepManifest() {
	tick := time.NewTicker(manifestEvery)
	defer tick.Stop()
	for last := (*manifest)(nil); ; {
		if m, err := q.manifest(context.Background()); err == nil && !m.same(last) {
			if err := m.write(q.cfg.Dir); err != nil {
				q.cfg.Log("warn", "what the store holds is not written down: "+err.Error())
			}
			last = m
		}
		select {
		case <-q.srv.Closing():
			return
		case <-tick.C:
		}
	}
}

func (q *Queue) manifest(ctx context.Context) (*manifest, error) {
	stats, err := q.Stats(ctx)
	if err != nil {
		return nil, err
	}
	m := &manifest{Format: manifestFormat, Meta: q.meta, Streams: map[string]extent{}}
	for _, s := range stats {
		if s.Name != layout.Leases { // which is in memory
			m.Streams[s.Name] = extent{s.FirstSeq, s.LastSeq, s.Messages, s.First}
		}
	}
	return m, nil
}

func (m *manifest) same(o *manifest) bool {
	if o == nil || len(m.Streams) != len(o.Streams) {
		return false
	}
	for name, e := range m.Streams {
		if was := o.Streams[name]; was.First != e.First || was.Last != e.Last || was.Messages != e.Messages {
			return false
		}
	}
	return true
}

// gone is how many messages of a stream of records may be missing without a word: some were forgotten or moved since
// they were last counted.
const gone = 200

// verify compares the store with what it held before. What is missing is an error, or damage to be settled where the
// store is to be repaired.
func (q *Queue) verify(ctx context.Context) error {
	was, err := readManifest(q.cfg.Dir)
	if err != nil && !q.cfg.Repair {
		return fmt.Errorf("%s: %w; restore it from a backup, or run winnow repair", q.cfg.Dir, err)
	}
	if was == nil {
		if q.fresh {
			return nil
		}
		if !q.cfg.Repair {
			return fmt.Errorf("%s: %s is missing beside a store that is not empty; restore it from a backup, or run "+
				"winnow repair", q.cfg.Dir, manifestName)
		}
		q.damage.report(Damage{Stream: manifestName})
		return nil
	}
	if was.Meta.Partitions > 0 {
		q.former = &was.Meta
	}
	var lacks []string
	for name, e := range was.Streams {
		what, since, err := q.lacks(ctx, name, e)
		if err != nil {
			return err
		}
		if what == "" {
			continue
		}
		lacks = append(lacks, what)
		if q.cfg.Repair {
			q.damage.report(damageOf(name, "", e.First, e.Last, since))
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	if !q.cfg.Repair {
		return fmt.Errorf("%s: %s; restore the directory from a backup, or run winnow repair: what is there stays, "+
			"and what is missing is read again from the CRM",
			q.cfg.Dir, strings.Join(lacks, "; "))
	}
	return nil
}

// lacks says what a stream lacks, and since when; empty: nothing.
func (q *Queue) lacks(ctx context.Context, name string, was extent) (what string, since time.Time, err error) {
	s, err := q.srv.JS(0).Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if was.Messages == 0 {
			return "", since, nil
		}
		return fmt.Sprintf("stream %s is missing, which held %d messages", name, was.Messages), was.Since, nil
	}
	if err != nil {
		return "", since, err
	}
	now := s.CachedInfo().State
	if now.LastSeq < was.Last {
		return fmt.Sprintf("stream %s ends at message %d, and went to %d", name, now.LastSeq, was.Last), now.LastTime,
			nil
	}
	few := now.Msgs+gone < was.Messages || now.Msgs == 0 && was.Messages > 0 // checkpoints stay when all are forgotten
	if strings.HasPrefix(name, layout.Contacts) && few {
		return fmt.Sprintf("stream %s has %d messages, and had %d", name, now.Msgs, was.Messages), time.Time{}, nil
	}
	return "", since, nil
}
