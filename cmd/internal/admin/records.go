package admin

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/rules"
)

// patience is how long a reader of records may take for a buffer of them before it is given up.
const patience = 5 * time.Minute

// records streams what is known of every contact of a source, a line of JSON each, for those who try settings on them.
func (a *Answers) records(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	buffered := bufio.NewWriterSize(w, 64<<10)
	lines := json.NewEncoder(buffered)
	control := http.NewResponseController(w)
	count := 0
	write := func(l api.RecordLine) error {
		if count%100 == 0 {
			_ = control.SetWriteDeadline(time.Now().Add(patience)) // a writer without deadlines is one in memory
		}
		return lines.Encode(l)
	}
	err := write(api.RecordLine{Model: a.Operate.Model()})
	if err == nil {
		err = a.Operate.Records(r.Context(), r.FormValue("source"), func(contact string, record *rules.Record) error {
			count++
			return write(api.RecordLine{Contact: contact, Record: record})
		})
	}
	last := api.RecordLine{Count: &count}
	if err != nil {
		last = api.RecordLine{Error: err.Error()}
		if count == 0 && buffered.Buffered() > 0 { // nothing has gone out yet: the status can still say it
			w.WriteHeader(statusOf(err))
			buffered.Reset(w)
		}
	}
	_ = write(last) // fails only when the client has gone
	_ = buffered.Flush()
}
