package embedded

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// StoreIn reports whether a store was made in dir.
func StoreIn(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, canaryName))
	return !errors.Is(err, os.ErrNotExist) // one that cannot be looked at may be there
}

// canary identifies the key that the store was made with. NATS does not check it: with a wrong key it finds no streams
// and starts an empty store.
type canary struct {
	Format int    `json:"format"`
	Salt   string `json:"salt"`
	Check  string `json:"check"` // keyed hash of the salt; empty: not encrypted
}

const (
	canaryName   = "winnow-store.json"
	canaryFormat = 2
)

// checkKey compares key with the one that the store in dir was made with, or notes it in a store that is new.
func checkKey(dir, key string) error {
	path := filepath.Join(dir, canaryName)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if stored, err := storedStreams(dir); err != nil || len(stored) > 0 {
			return errors.Join(fmt.Errorf("%s: %s is missing beside a store that is not empty; restore it from a backup", dir, canaryName), err)
		}
		return writeCanary(path, key)
	}
	if err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	var c canary
	if err := json.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if c.Format != canaryFormat {
		return fmt.Errorf("%s: format %d, this version of Winnow reads %d", path, c.Format, canaryFormat)
	}
	switch {
	case key == "" && c.Check == "":
		return nil
	case key == "":
		return fmt.Errorf("%s: the store is encrypted and WINNOW_QUEUE_KEY is not set", dir)
	case c.Check == "":
		return fmt.Errorf("%s: the store is not encrypted and WINNOW_QUEUE_KEY is set; unset it, or start with an "+
			"empty directory", dir)
	case !hmac.Equal([]byte(c.Check), []byte(checkOf(key, c.Salt))):
		return fmt.Errorf("%s: WINNOW_QUEUE_KEY is not the key that the store was made with", dir)
	}
	return nil
}

func writeCanary(path, key string) error {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	c := canary{Format: canaryFormat, Salt: hex.EncodeToString(salt)}
	if key != "" {
		c.Check = checkOf(key, c.Salt)
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return WriteFile(path, b)
}

// WriteFile writes a small file beside the one of that name and renames it, each synced: a power failure leaves the one
// or the other.
func WriteFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func checkOf(key, salt string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte("winnow store " + salt)) // a hash never fails
	return hex.EncodeToString(mac.Sum(nil))
}
