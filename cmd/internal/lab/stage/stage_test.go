package stage_test // cast imports stage

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

type clock struct{ ms atomic.Int64 }

func (c *clock) Set(t time.Time) { c.ms.Store(t.UnixMilli()) }
func (c *clock) now() time.Time  { return time.UnixMilli(c.ms.Load()).UTC() }

// Every story can be played through every vendor's sandbox. Nobody rates, so those who wait for it wait for ever.
func TestEveryFacePlaysTheCast(t *testing.T) {
	for _, vendor := range stage.Vendors() {
		t.Run(vendor, func(t *testing.T) {
			c := &clock{}
			c.Set(cast.Begin)
			face, err := stage.Start(vendor, world.Options{Now: c.now, Limit: -1, Fields: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = face.Close() }()
			if face.Vendor() != vendor || face.Title() == "" || len(face.Settings(vendor)) == 0 {
				t.Errorf("it is %q, %q, with %v", face.Vendor(), face.Title(), face.Settings(vendor))
			}
			members := cast.All()
			if err := cast.Play(t.Context(), face, members, c, func(context.Context) error { return nil },
				nil); err != nil {
				t.Fatal(err)
			}
			for _, m := range members {
				p, ok := face.Person(m.Contact)
				if !ok || p.Profile.Email != m.Profile.Email || p.Profile.First != m.Profile.First ||
					len(p.Fields) != 0 {
					t.Errorf("%s ends as %+v, %t", m.Name, p, ok)
				}
			}
		})
	}
	if _, err := stage.Start("acme", world.Options{}); err == nil {
		t.Error("a vendor without a sandbox was started")
	}
}
