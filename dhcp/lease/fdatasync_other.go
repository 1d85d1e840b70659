//go:build !linux

package lease

import "os"

func fdatasync(f *os.File) error { return f.Sync() }
