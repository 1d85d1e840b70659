//go:build !linux

package wire

import (
	"errors"
	"fmt"
	"runtime"
)

// OpenInterface opens a network interface as a [Link]; only Linux can.
func OpenInterface(name string) (Link, error) {
	return nil, fmt.Errorf("wire: interface %s: raw frames on %s: %w", name, runtime.GOOS, errors.ErrUnsupported)
}
