package jet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Stored is one message as a read returns it.
type Stored struct {
	Subject string
	Data    []byte
	Damaged bool // it is not what was stored, and Data is nil
	Header  nats.Header
	Seq     uint64
	Time    time.Time
}

// Next returns the first message of filter from a sequence on; nil if there is none.
func (s *Server) Next(ctx context.Context, stream, filter string, seq uint64) (*Stored, error) {
	return s.get(ctx, stream, map[string]any{"next_by_subj": filter, "seq": max(seq, 1)})
}

// Since returns the first message of filter from an instant on; nil if there is none.
func (s *Server) Since(ctx context.Context, stream, filter string, from time.Time) (*Stored, error) {
	return s.get(ctx, stream, map[string]any{"next_by_subj": filter, "start_time": from})
}

// Last returns the last message of a subject; nil if there is none.
func (s *Server) Last(ctx context.Context, stream, subject string) (*Stored, error) {
	return s.get(ctx, stream, map[string]any{"last_by_subj": subject})
}

// WaitingFrom returns the first message of filter from a sequence on, and how many there are from there on; nil and 0
// if there is none. A copy of the stream may answer that lags a moment behind.
func (s *Server) WaitingFrom(ctx context.Context, stream, filter string, seq uint64) (*Stored, uint64, error) {
	request, err := json.Marshal(map[string]any{"next_by_subj": filter, "seq": max(seq, 1), "batch": 1})
	if err != nil {
		return nil, 0, err
	}
	m, err := s.conns[0].RequestWithContext(ctx, "$JS.API.DIRECT.GET."+stream, request)
	if err != nil {
		return nil, 0, err
	}
	switch code := status(m); code {
	case "":
	case "404":
		return nil, 0, nil
	default:
		return nil, 0, fmt.Errorf("read of %s: %s %s", stream, code, m.Header.Get("Description"))
	}
	first, err := directMsg(m)
	if err != nil {
		return nil, 0, err
	}
	behind, err := strconv.ParseUint(m.Header.Get("Nats-Num-Pending"), 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("read of %s: %w", stream, err)
	}
	return &first, behind + 1, nil
}

// get asks the stream's leader, which unlike a copy never lags.
func (s *Server) get(ctx context.Context, stream string, request map[string]any) (*Stored, error) {
	b, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	reply, err := s.conns[0].RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, b)
	if err != nil {
		return nil, err
	}
	var a struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Subject string    `json:"subject"`
			Seq     uint64    `json:"seq"`
			Headers []byte    `json:"hdrs"` // base64, as JSON has bytes
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &a); err != nil {
		return nil, err
	}
	if a.Error != nil {
		if a.Error.ErrorCode == CodeNoMessage {
			return nil, nil
		}
		return nil, a.Error
	}
	m := &Stored{Subject: a.Message.Subject, Seq: a.Message.Seq, Time: a.Message.Time}
	m.Data, m.Damaged = unseal(m.Subject, a.Message.Data)
	if len(a.Message.Headers) > 0 {
		m.Header, err = nats.DecodeHeadersMsg(a.Message.Headers)
	}
	return m, err
}

// Bounds of one multi_last request. Source: nats-server, getDirectMulti: 1,024 answers at most.
const (
	mostAnswers      = 1024
	MostSubjects     = 1000
	MostSubjectBytes = 512 << 10
)

// errTooMany is the server's refusal of a wildcard that stands for more subjects than it answers at once.
var errTooMany = errors.New("too many subjects in one request")

// MultiLastOf is MultiLast for any number of subjects, in as many requests as it takes.
func (s *Server) MultiLastOf(ctx context.Context, conn int, stream string, subjects []string, each func(Stored)) error {
	for len(subjects) > 0 {
		n, bytes := 0, 0
		for n < min(len(subjects), MostSubjects) && bytes < MostSubjectBytes {
			n, bytes = n+1, bytes+len(subjects[n])
		}
		if err := s.MultiLast(ctx, conn, stream, subjects[:n], each); err != nil {
			return err
		}
		subjects = subjects[n:]
	}
	return nil
}

// MultiLast returns the last message of each subject, as far as there is one, in one request. The subjects must fit one
// request.
func (s *Server) MultiLast(ctx context.Context, conn int, stream string, subjects []string, each func(Stored)) error {
	for len(subjects) > 0 {
		got := make(map[string]bool, len(subjects))
		more, err := s.multiLastOnce(ctx, conn, stream, subjects, func(m Stored) {
			got[m.Subject] = true
			each(m)
		})
		if err != nil || !more {
			return err
		}
		if len(got) == 0 {
			return fmt.Errorf("read of %s: the server sent nothing of what it has", stream)
		}
		// The server has stopped at its bound of bytes for one answer.
		var rest []string
		for _, subject := range subjects {
			if !got[subject] {
				rest = append(rest, subject)
			}
		}
		subjects = rest
	}
	return nil
}

func (s *Server) multiLastOnce(ctx context.Context, conn int, stream string, subjects []string,
	each func(Stored),
) (more bool, err error) {
	request, err := json.Marshal(map[string]any{"multi_last": subjects, "max_bytes": 32 << 20})
	if err != nil {
		return false, err
	}
	inbox := nats.NewInbox()
	// The library's own queue for a subscription is half a megabyte; here the number of answers is known.
	answers := make(chan *nats.Msg, mostAnswers+1)
	nc := s.Conn(conn)
	sub, err := nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return false, err
	}
	defer func() { _ = sub.Unsubscribe() }() // an error means that it is gone already
	if err := nc.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, request); err != nil {
		return false, err
	}
	for {
		var m *nats.Msg
		select {
		case m = <-answers:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		switch code := status(m); code {
		case "":
			one, err := directMsg(m)
			if err != nil {
				return false, err
			}
			each(one)
		case "204": // the end of the answer
			return m.Header.Get("Nats-Num-Pending") != "0", nil
		case "404":
			if m.Header.Get("Description") == "Message Not Found" { // it knows of one that it cannot read
				return false, ErrDamaged
			}
			return false, nil
		case "413":
			return false, errTooMany
		case "503":
			return false, nats.ErrNoResponders
		default:
			return false, fmt.Errorf("read of %s: %s %s", stream, code, m.Header.Get("Description"))
		}
	}
}

// directMsg reads a message whose place in the stream stands in its headers.
func directMsg(m *nats.Msg) (Stored, error) {
	seq, err1 := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	at, err2 := time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	if err := errors.Join(err1, err2); err != nil {
		return Stored{}, fmt.Errorf("read of a message: %w", err)
	}
	subject := m.Header.Get("Nats-Subject")
	body, damaged := unseal(subject, m.Data)
	return Stored{Subject: subject, Data: body, Damaged: damaged, Header: m.Header, Seq: seq, Time: at}, nil
}

// StaleTries is how often a read is repeated that was answered by a copy of the stream that lags behind.
const StaleTries = 50

var ErrStale = errors.New("the answer came from a copy that lags behind")
