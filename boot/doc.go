// Package boot holds the words that every part of pxe shares: client
// architectures, machines, and what a boot image is, judged from its bytes.
// It depends on the standard library alone.
package boot
