//go:build !linux

package tftp

import (
	"context"
	"net"
	"net/netip"
)

func listenHost(ctx context.Context, network, address string) (net.PacketConn, error) {
	var config net.ListenConfig
	return config.ListenPacket(ctx, network, address)
}

// refusedBy cannot tell whose ICMP error it was.
func refusedBy(*net.UDPConn, netip.AddrPort) bool { return true }

// routeMTU is not known.
func routeMTU(netip.Addr, netip.AddrPort) int { return 0 }

// tellDestinations: a socket bound to all addresses does not tell where a
// packet was sent to. Bind one socket to each address instead.
func tellDestinations(*net.UDPConn) bool { return false }

func sendsTransfers(*net.UDPConn) {}

func sourceMessage(netip.Addr) []byte { return nil }

func destination([]byte) localAddr { return localAddr{} }

func growBuffer(udp *net.UDPConn, size int) { _ = udp.SetReadBuffer(size) }

// segment: each packet is written by itself.
func segment(*net.UDPConn, int) bool { return false }

func cannotSegment(error) bool { return false }
