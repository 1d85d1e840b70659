// Package lab runs the built pxe program the way its users do: as processes,
// on real sockets, in network namespaces with bridges and taps, against real
// firmware in QEMU and against other people's clients and servers.
//
// The tests need root and Debian's packages; scripts/test installs them. What a
// machine cannot do is skipped and said; with CI=true in the environment it
// fails instead.
package lab
