// Package dhcpdconf reads the configuration file of ISC dhcpd, dhcpd.conf(5),
// into a dhcp.Config.
//
// It goes in three steps:
//
//	Read              text -> words and blocks -> scopes with settings
//	File.Config       scopes -> subnets, hosts, and rules for everything else
//	dhcp.Config       checked as any other
//
// A statement is taken, or taken with a Warning that says what happens in its
// place, or is an Error with its position and what to do. None is passed over;
// docs/dhcpd-conf.md has them all.
package dhcpdconf
