package container

import (
	"archive/tar"
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// diskSize is the size of the volume that is filled.
const diskSize = 64 << 20

// TestDiskFull fills the volume under Winnow to the last byte: deliveries get 503, and once there is room again they
// are taken without anybody's doing, and nothing that was acknowledged is missing.
func TestDiskFull(t *testing.T) {
	r := newRig(t)
	r.volume = r.newVolume(map[string]string{
		"type": "tmpfs", "device": "tmpfs", "o": "size=64m,uid=65532,gid=65532,mode=0700",
	})
	w := r.startWith(map[string]string{"WINNOW_QUEUE_MAX_STORE": "48MiB", "WINNOW_QUEUE_MIN_FREE": "1"})
	contact := r.firstContact()
	r.rates(t, w, contact)
	acknowledged := []int{contact}
	next := func() int {
		contact++
		status, err := r.deliver(t.Context(), w, contact)
		if err != nil { // its ports are closed while it opens its store again
			t.Log(err)
		}
		if status/100 == 2 {
			acknowledged = append(acknowledged, contact)
		}
		return status
	}

	// Sometimes the look at the free space comes first, and sometimes a write of the store's fails, which is another
	// way to recover.
	for range 4 {
		r.fill(w, diskSize)
		before := len(acknowledged)
		// What is written already has room: some more may fit.
		r.eventually(w, hang, "a full disk is answered with 503", func() bool {
			switch status := next(); status {
			case http.StatusServiceUnavailable:
				return true
			case http.StatusNoContent, 0:
				return false
			default:
				t.Fatalf("a delivery got %d on a full disk, want 503", status)
				return false
			}
		})
		t.Logf("%d deliveries were taken before the last byte was", len(acknowledged)-before)
		r.fill(w, 0)
		began := time.Now()
		r.eventually(w, hang, "deliveries are taken again", func() bool { return next()/100 == 2 })
		t.Logf("recovered %s after there was room", time.Since(began).Round(time.Millisecond))
	}
	for _, contact := range acknowledged {
		r.eventually(w, hang, "what was acknowledged is rated", func() bool { return r.rating(contact) != "" })
	}
	r.endpoint(w, "8081/tcp", "/readyz")
}

// fill has a file take as much of Winnow's volume as it can, up to so many bytes.
func (r *rig) fill(w winnow, size int64) {
	r.t.Helper()
	var archive bytes.Buffer
	file := tar.NewWriter(&archive)
	if err := file.WriteHeader(&tar.Header{Name: "filler", Mode: 0o600, Size: size}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.CopyN(file, zeros{}, size); err != nil {
		r.t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		r.t.Fatal(err)
	}
	_, err := r.docker.CopyToContainer(r.t.Context(), w.GetContainerID(), client.CopyToContainerOptions{
		DestinationPath: "/data", Content: &archive,
	})
	if size == 0 && err != nil { // where it is to fill the disk, not all of it fits
		r.t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
