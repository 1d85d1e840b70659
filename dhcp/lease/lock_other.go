//go:build !unix

package lease

import "os"

// lock opens the lock file; these systems have no flock, so nothing is refused.
func lock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
}
