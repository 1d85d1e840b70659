//go:build !linux

package tftp

import "os"

// isRemote: every transfer has a goroutine of its own here, and none waits for
// another's file.
func isRemote(*os.File) bool { return false }
