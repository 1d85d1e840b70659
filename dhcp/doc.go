// Package dhcp is both ends of DHCPv4 as network boot uses it: a server, a
// proxyDHCP server, the PXE boot service on port 4011, and what a client needs
// to ask and to read the answers. Who holds which address is the business of
// package lease.
//
// A server's exchange runs through five steps, of which only the first and the
// last touch the network:
//
//	Conn.ReadBatch   datagrams, with the interface and the address they were sent to
//	Parse, Classify  the message; the machine behind it
//	Server.Decide    a reply, or the reason why there is none
//	Route            where the reply goes: relay, unicast, a bare frame, broadcast
//	Conn.Write       the reply leaves, after the lease is on disk
//
// It follows RFC 2131 and 2132, RFC 951 and 1542 (BOOTP), 3046, 3527 and 5107
// (relays), 3396 (long options), 4578 (PXE options), 6842 (client identifier in
// replies) and the PXE 2.1 specification, and where clients are known to differ
// from these, the clients.
package dhcp
