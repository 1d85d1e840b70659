// Package tftp is a TFTP server and client: RFC 1350 with the options of
// RFC 2347 to 2349 and the windows of RFC 7440, as boot firmware uses them.
//
// Each end of a transfer is a state machine without input or output: sender
// gives a file away, receiver takes one. A packet or the time goes in, packets
// come out, and lock-step is a window of one block. Loss and delay are
// therefore a table in a test, and the driver under the machines can be
// replaced without touching a rule of the protocol.
//
//	request -> clean name -> Source.Open -> negotiate -> sender   -> driver -> socket
//	                                        Client.Get  receiver  -> driver -> socket
//
// Uploads are refused. Names that leave the served tree are refused, symbolic
// links included. Nothing here prints: a Server emits an Event for every
// request, a Client returns a Transfer.
package tftp
