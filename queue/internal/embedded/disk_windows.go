package embedded

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Space returns the bytes of the volume that holds dir: free for us, and in all.
func Space(dir string) (free, total int64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, fmt.Errorf("free disk of %s: %w", dir, err)
	}
	var avail, all uint64
	if err := windows.GetDiskFreeSpaceEx(name, &avail, &all, nil); err != nil {
		return 0, 0, fmt.Errorf("free disk of %s: %w", dir, err)
	}
	return int64(avail), int64(all), nil
}

// lockFile takes the file for this process alone. The system lets go of it when the process ends, however it ends.
func lockFile(f *os.File) error {
	var at windows.Overlapped
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrInUse
	}
	return err
}

// syncDir has nothing to do: directories are not synced there.
func syncDir(string) error { return nil }
