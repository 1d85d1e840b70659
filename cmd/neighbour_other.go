//go:build !linux

package cmd

import (
	"net"
	"net/netip"
)

// neighbourMAC knows nobody here.
func neighbourMAC(netip.Addr) net.HardwareAddr { return nil }

const knowsNeighbours = false
