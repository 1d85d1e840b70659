//go:build !linux

package tftp

import (
	"errors"
	"net/netip"
)

// loops are there on Linux only.
type loops struct{}

func newLoops() *loops { return nil }

func (*loops) stop() {}

func (*loops) host(netip.Addr, netip.AddrPort, int) (carrier, error) {
	return nil, errors.ErrUnsupported
}
