//go:build !linux

package dhcp

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"
)

// Socket is a Conn of the operating system. There is none on this one.
type Socket struct{}

// ARP is a Prober of the operating system. There is none on this one.
type ARP struct{ Prober }

// RawSocket is a Conn without an IP stack. There is none on this one.
type RawSocket struct{ Socket }

var errSystem = fmt.Errorf("DHCP sockets on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// Listen returns an error that wraps errors.ErrUnsupported.
func Listen(ifname string, port uint16) (*Socket, error) { return nil, errSystem }

// ListenRaw returns an error that wraps errors.ErrUnsupported.
func ListenRaw(ifname string, port uint16) (*RawSocket, error) { return nil, errSystem }

// ListenARP returns an error that wraps errors.ErrUnsupported.
func ListenARP(ifname string) (*ARP, error) { return nil, errSystem }

// Close does nothing.
func (*ARP) Close() error { return nil }

// The methods of Conn, and of the Linux sockets. Nothing makes a Socket that
// they could be called on.

func (*Socket) ReadBatch([]Datagram) (int, error) { return 0, errSystem }
func (*Socket) Write(Datagram) error              { return errSystem }
func (*Socket) SetReadDeadline(time.Time) error   { return errSystem }
func (*Socket) LocalAddr() netip.AddrPort         { return netip.AddrPort{} }
func (*Socket) RawError() error                   { return errSystem }
func (*Socket) Close() error                      { return nil }
