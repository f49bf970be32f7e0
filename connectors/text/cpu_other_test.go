//go:build !unix

package text

import "time"

// cpu is not known here.
func cpu() time.Duration { return 0 }
