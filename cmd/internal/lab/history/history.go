package history

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/story"
)

// History is what happened with one contact, and through which time it is to be rated.
type History struct {
	ID       string
	Env      map[string]string // settings of its own, without the prefix of the rules
	Facts    []crm.Fact
	From, To time.Time
}

// line is a history as it is written.
type line struct {
	ID     string            `json:"id"`
	From   time.Time         `json:"from"`
	To     time.Time         `json:"to"`
	Env    map[string]string `json:"env"`
	Events []json.RawMessage `json:"events"`
}

// maxLine is how long a history may be, in bytes.
const maxLine = 64 << 20

// Scan returns the histories in r, a JSON object a line or a story. The name is the story's, and its own where a
// history has none.
func Scan(r *text.Reader, name string, in io.Reader) iter.Seq2[History, error] {
	return func(yield func(History, error) bool) {
		if filepath.Ext(name) == ".txtar" {
			yield(fromStory(r, name, in))
			return
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 0, 64<<10), maxLine)
		for n := 1; lines.Scan(); n++ {
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			h, err := parse(r, lines.Bytes())
			if err != nil {
				err = fmt.Errorf("line %d: %w", n, err)
			}
			h.ID = cmp.Or(h.ID, fmt.Sprintf("%s:%d", name, n))
			if !yield(h, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(History{}, err)
		}
	}
}

func parse(r *text.Reader, raw []byte) (h History, err error) {
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return h, err
	}
	h = History{ID: l.ID, Env: map[string]string{}, From: l.From, To: l.To}
	for k, v := range l.Env {
		h.Env[strings.TrimPrefix(k, rules.Prefix)] = v
	}
	h.Facts, err = tell(r, l.Events)
	return h, h.through(err)
}

// through finds the time that the history lasts where it says nothing: from its first fact to half a year after the
// last.
func (h *History) through(err error) error {
	switch {
	case err != nil:
		return err
	case len(h.Facts) == 0:
		return fmt.Errorf("nothing happens in it: it has no events")
	}
	first, last := h.Facts[0].At, h.Facts[0].At
	for _, f := range h.Facts {
		first, last = min(first, f.At), max(last, f.At)
	}
	if h.From.IsZero() {
		h.From = first.Time()
	}
	if h.To.IsZero() {
		h.To = last.Time().AddDate(0, 6, 0)
	}
	return nil
}

func fromStory(r *text.Reader, name string, in io.Reader) (History, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxLine))
	if err != nil {
		return History{}, err
	}
	st, err := story.Parse(data, func(lines []byte) ([]crm.Fact, error) { return Facts(r, lines) })
	if err != nil {
		return History{}, err
	}
	h := History{
		ID: strings.TrimSuffix(filepath.Base(name), ".txtar"), Env: st.Env, Facts: st.Facts, From: st.From, To: st.To,
	}
	return h, h.through(nil)
}

// Play rates the history through its time. below are settings that its own go on top of, without the prefix.
func (h *History) Play(below map[string]string) ([]story.Step, error) {
	st := story.Story{Env: h.Env}
	s, err := st.Settings(below)
	if err != nil {
		return nil, err
	}
	return story.Play(s, h.Facts, h.From, h.To)
}
