// Package lease keeps who holds which IPv4 address: a Pool decides in memory, a
// Store makes the decisions of its pools survive the process. It knows no
// packets, no sockets and no clock: every call is told the time.
//
// An address is given in two steps, as in DHCP. Offer holds an address for a
// minute in memory alone, so that a scan of DISCOVERs costs nothing durable.
// Commit binds it and appends a record to the journal's buffer; Sync then makes
// all that was committed since the last Sync durable with one write and one
// fdatasync. A server answers with an ACK only after Sync returned nil, and by
// committing many requests before each Sync pays for the disk once (group
// commit).
//
// A Pool and a Store are not safe for concurrent use: their owner locks.
package lease
