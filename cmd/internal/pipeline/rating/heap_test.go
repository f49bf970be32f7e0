package rating

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestDues holds the heap against a plain map.
func TestDues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, model := newDues(), map[queue.Key]crm.Millis{}
		keys := rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6"})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "set") {
				key := queue.Key{Source: "s", Contact: keys.Draw(t, "contact")}
				at := crm.Millis(rapid.IntRange(0, 20).Draw(t, "at"))
				d.set(key, at)
				delete(model, key)
				if at != 0 {
					model[key] = at
				}
				continue
			}
			now, most := crm.Millis(rapid.IntRange(0, 20).Draw(t, "now")), rapid.IntRange(1, 4).Draw(t, "most")
			got := d.take(now, most)
			late := 0
			for _, at := range model {
				if at <= now {
					late++
				}
			}
			if len(got) != min(late, most) {
				t.Fatalf("took %d contacts due at %d, want %d", len(got), now, min(late, most))
			}
			for i, key := range got {
				if model[key] > now || i > 0 && model[got[i-1]] > model[key] {
					t.Fatalf("took %v in the wrong order or too early", got)
				}
			}
			for _, key := range got {
				delete(model, key)
			}
		}
		var want crm.Millis
		for _, at := range model {
			want = earlier(want, at)
		}
		if d.next() != want || d.Len() != len(model) {
			t.Fatalf("next %d of %d, want %d of %d", d.next(), d.Len(), want, len(model))
		}
	})
}

func TestCacheIsBoundedAndForgetsTheOldest(t *testing.T) {
	c := newCache(3 * decodedSize(100))
	for _, id := range []string{"1", "2", "3"} {
		c.put(queue.Key{Contact: id}, &stored.Contact{}, 100)
	}
	c.put(queue.Key{Contact: "1"}, c.take(queue.Key{Contact: "1"}), 100) // used again
	c.put(queue.Key{Contact: "4"}, &stored.Contact{}, 100)
	var held []string
	for _, id := range []string{"1", "2", "3", "4"} {
		if c.take(queue.Key{Contact: id}) != nil {
			held = append(held, id)
		}
	}
	if want := []string{"1", "3", "4"}; !slices.Equal(held, want) {
		t.Errorf("held %v, want %v", held, want)
	}
	if c.bytes != 0 {
		t.Errorf("%d bytes counted of an empty cache", c.bytes)
	}
}
