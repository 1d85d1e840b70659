// Package wire is an Ethernet inside the process.
//
// A [Switch] joins ports; a port is a [Link], as is a real interface opened with
// [OpenInterface]. A [Host] is a network host of its own (ARP, IPv4, ICMP, UDP,
// TCP; IPv6 when asked) plugged into either, so that a client or a server is the
// same code in a test, in an unprivileged trial and on a real cable.
// [Switch.ServeQEMU] plugs a virtual machine in.
//
// Nothing here needs privileges except [OpenInterface]. Everything may be used
// from several goroutines.
package wire
