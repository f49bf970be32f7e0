package rating

import (
	"container/heap"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// dues is the heap of what falls due next, one entry a contact.
type dues struct {
	items []due
	index map[queue.Key]int
}

type due struct {
	at  crm.Millis
	key queue.Key
}

func newDues() *dues { return &dues{index: map[queue.Key]int{}} }

// set puts key at its new due instant; 0 takes it out.
func (d *dues) set(key queue.Key, at crm.Millis) {
	i, ok := d.index[key]
	switch {
	case ok && at == 0:
		heap.Remove(d, i)
	case ok:
		d.items[i].at = at
		heap.Fix(d, i)
	case at != 0:
		heap.Push(d, due{at, key})
	}
}

// take removes and returns up to most contacts due at now.
func (d *dues) take(now crm.Millis, most int) []queue.Key {
	var keys []queue.Key
	for len(d.items) > 0 && d.items[0].at <= now && len(keys) < most {
		keys = append(keys, heap.Pop(d).(due).key)
	}
	return keys
}

// next is the earliest due instant, 0 if there is none.
func (d *dues) next() crm.Millis {
	if len(d.items) == 0 {
		return 0
	}
	return d.items[0].at
}

func (d *dues) Len() int           { return len(d.items) }
func (d *dues) Less(i, j int) bool { return d.items[i].at < d.items[j].at }
func (d *dues) Swap(i, j int) {
	d.items[i], d.items[j] = d.items[j], d.items[i]
	d.index[d.items[i].key], d.index[d.items[j].key] = i, j
}

func (d *dues) Push(x any) {
	v := x.(due)
	d.index[v.key] = len(d.items)
	d.items = append(d.items, v)
}

func (d *dues) Pop() any {
	v := d.items[len(d.items)-1]
	d.items = d.items[:len(d.items)-1]
	delete(d.index, v.key)
	return v
}
