// Package probe behaves like the network boot firmware of a machine, follows
// the boot chain as that firmware and the loaders behind it would, and reports
// what came of it: each question and its answer, which offer was taken and why,
// and in one sentence whether the machine would boot.
//
// The chain has seven stages, each of which needs the one before it:
//
//	dhcp         DISCOVER, every offer, the firmware's own selection, REQUEST, ACK
//	boot-server  port 4011 and PXE menus, where the selected offer leads there
//	nbp          the boot program: size, download, what it is
//	loader       what the boot program loads next: ldlinux.c32, shim's second stage
//	config       the loader's configuration: lookup order, contents, modules
//	kernel       the default entry's kernel
//	initrd       the default entry's initrds
//
// A firmware is data: see Profile. The network comes in through Config, so the
// same code runs on an Ethernet in the process and on a real one.
package probe
