//go:build linux

// Command bench measures pxe beside its peers and prints a table in Markdown.
//
// Absolute numbers of a shared machine mean little, so every figure is a ratio
// of one run: the contestants take turns, round after round, on the same idle
// machine; the table shows the median and the range of the rounds, and the
// median of each round's ratio to the first peer.
//
// It needs root, Linux, and Debian's packages tftpd-hpa, dnsmasq-base,
// isc-dhcp-server, kea-dhcp4-server and kea-admin (for perfdhcp).
package main
