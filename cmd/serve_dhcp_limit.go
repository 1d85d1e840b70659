package cmd

import "pxe/dhcp"

// limited reports whether events of a kind are shown only so often.
func limited(k dhcp.EventKind) bool {
	switch k {
	case dhcp.EventMalformed, dhcp.EventIgnored, dhcp.EventUnknownArch, dhcp.EventNoFile, dhcp.EventExhausted:
		return true
	}
	return false
}
