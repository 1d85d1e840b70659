// Package dhcpdconf reads the configuration file of ISC dhcpd, dhcpd.conf(5),
// into a dhcp.Config.
//
// It goes in three steps:
//
//	Read              text -> words and blocks -> scopes with settings
//	File.Evaluate     the scopes of one subnet -> what its machines are told
//	dhcp.Config       checked as any other
//
// A statement is taken, or taken with a Warning that says what happens in its
// place, or is an Error with its position and what to do. None is passed over.
//
// dhcpd runs through the statements anew for each client. A dhcp.Config has no
// program, so Evaluate plays every kind of client once, from a BIOS to iPXE,
// and keeps what each was told to boot. Conditions can therefore ask only for
// what tells kinds of clients apart.
package dhcpdconf
