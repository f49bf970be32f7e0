package history

import "sync"

// spare holds the longest lists of histories that were given back. They are as long as the conversation, each rating
// makes one history or two, and nothing of them outlives it.
var spare = sync.Pool{New: func() any { return new(lists) }}

type lists struct {
	events []Event
	turns  []Turn
}

// GiveBack lets the next history have the lists of this one, which must not be looked at any more.
func (h *History) GiveBack() {
	clear(h.Events) // they hold on to the record
	clear(h.Turns)
	spare.Put(&lists{h.Events[:0], h.Turns[:0]})
	h.Events, h.Turns = nil, nil
}
