package app

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"github.com/winnow-crm/winnow/rules"
)

// RecordLine is one line of /api/records. The first names the model by which contacts are rated, each of the others
// holds a contact; the last says how many there were, or what went wrong. Without a last line the answer is cut off.
type RecordLine struct {
	Model   string        `json:"model,omitempty"`
	Contact string        `json:"contact,omitempty"`
	Record  *rules.Record `json:"record,omitempty"`
	Count   *int          `json:"count,omitempty"`
	Error   string        `json:"error,omitempty"`
}

// patience is how long a reader of records may take for a buffer of them before it is given up.
const patience = 5 * time.Minute

// records streams what is known of every contact of a source, a line of JSON each, for those who try settings on them.
func (a *App) records(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	buffered := bufio.NewWriterSize(w, 64<<10)
	lines := json.NewEncoder(buffered)
	control := http.NewResponseController(w)
	count := 0
	write := func(l RecordLine) error {
		if count%100 == 0 {
			_ = control.SetWriteDeadline(time.Now().Add(patience)) // a writer without deadlines is one in memory
		}
		return lines.Encode(l)
	}
	err := write(RecordLine{Model: a.Pipeline.Model()})
	if err == nil {
		err = a.Pipeline.Records(r.Context(), r.FormValue("source"), func(contact string, record *rules.Record) error {
			count++
			return write(RecordLine{Contact: contact, Record: record})
		})
	}
	last := RecordLine{Count: &count}
	if err != nil {
		last = RecordLine{Error: err.Error()}
		if count == 0 && buffered.Buffered() > 0 { // nothing has gone out yet: the status can still say it
			w.WriteHeader(statusOf(err))
			buffered.Reset(w)
		}
	}
	_ = write(last) // fails only when the client has gone
	_ = buffered.Flush()
}
