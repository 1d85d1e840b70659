// Package demo is a boot tree small enough to carry in the binary: one program
// for a BIOS, one for x64 UEFI, each of which says that the machine boots and
// then waits. It stands in for a real tree where there is none, so that the
// chain up to the boot program can be tried on a bare machine.
//
// Both programs are assembled here, byte by byte; nothing is compiled or
// downloaded.
package demo
