package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What ends a file system as a power cut does: nothing more is written, not even the journal. Source:
// linux/fs/ext4/ext4.h.
const (
	ext4Shutdown   = 0x8004587d
	withoutFlush   = uint32(2)
	diskSize       = "1G"
	powerCuts      = 8
	skipsPowerCuts = "cuts the power of a file system of its own, for which it needs root, mkfs.ext4 and a loop " +
		"device: "
)

// disk is a file system of its own, in a file.
type disk struct {
	t           *testing.T
	image, path string
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{t: t, image: filepath.Join(t.TempDir(), "image"), path: filepath.Join(t.TempDir(), "disk")}
	if err := os.Mkdir(d.path, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"truncate", "--size", diskSize, d.image},
		{"mkfs.ext4", "-q", "-F", d.image},
		{"mount", "-o", "loop", d.image, d.path},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s%s: %v: %s", skipsPowerCuts, args[0], err, out)
		}
	}
	t.Cleanup(func() { d.run("umount", d.path) })
	return d
}

func (d *disk) run(args ...string) {
	d.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v: %s", args[0], err, out)
	}
}

// cut loses what the file system has not yet brought to the disk, then ends the process and finds the disk again as it
// was left.
func (d *disk) cut(p *process) {
	d.t.Helper()
	root, err := os.Open(d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	how := withoutFlush
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, root.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&how)))
	p.kill()
	_ = p.cmd.Wait()
	_ = root.Close()
	if errno != 0 {
		d.t.Skipf("%s%v", skipsPowerCuts, errno)
	}
	d.run("umount", d.path)
	d.run("mount", "-o", "loop", d.image, d.path)
}

// TestPowerCutInACrowd: what was acknowledged was on the disk, not only in the system's memory, which outlives a killed
// process.
func TestPowerCutInACrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("cuts the power several times")
	}
	d := newDisk(t)
	survives(t, d.path, powerCuts, d.cut)
}
