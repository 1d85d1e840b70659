package dhcp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
	"pxe/dhcp/lease"
)

func TestValidate(t *testing.T) {
	r := func(first, last string) lease.Range { return lease.Range{First: addr(first), Last: addr(last)} }
	tests := []struct {
		name   string
		change func(c *Config)
		want   []string // one a fault
	}{
		{"nothing wrong", func(*Config) {}, nil},
		{"a proxy needs no subnet", func(c *Config) { c.Proxy, c.Subnets = true, nil }, nil},
		{"hosts without a range", func(c *Config) {
			c.Subnets[0].Ranges = nil
			c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.7")}}}
		}, nil},
		{"no server", func(c *Config) { c.Servers[0] = netip.Addr{} }, []string{"server address: invalid IP is not an IPv4 address"}},
		{"an IPv6 server", func(c *Config) { c.Servers[0] = addr("2001:db8::1") }, []string{"server address: 2001:db8::1 is not an IPv4 address"}},
		{"no subnet", func(c *Config) { c.Subnets = nil }, []string{"subnets: there are none to serve"}},
		{"an IPv6 subnet", func(c *Config) { c.Subnets[0].Prefix = netip.MustParsePrefix("2001:db8::/64") }, []string{"subnet 2001:db8::/64: is not an IPv4 network"}},
		{"host bits", func(c *Config) { c.Subnets[0].Prefix = netip.MustParsePrefix("192.168.122.1/24") }, []string{"subnet 192.168.122.1/24: has host bits set"}},
		{"overlapping subnets", func(c *Config) {
			c.Subnets = append(c.Subnets, Subnet{Prefix: netip.MustParsePrefix("192.168.0.0/16"), Ranges: []lease.Range{r("192.168.1.1", "192.168.1.9")}})
		}, []string{"subnet 192.168.0.0/16: overlaps subnet 192.168.122.0/24"}},
		{"range outside", func(c *Config) { c.Subnets[0].Ranges = []lease.Range{r("192.168.122.200", "192.168.123.10")} }, []string{
			"subnet 192.168.122.0/24: range 192.168.122.200-192.168.123.10: is not inside of the subnet"}},
		{"range backwards", func(c *Config) { c.Subnets[0].Ranges = []lease.Range{r("192.168.122.200", "192.168.122.100")} }, []string{
			"subnet 192.168.122.0/24: range 192.168.122.200-192.168.122.100: runs backwards"}},
		{"overlapping ranges", func(c *Config) {
			c.Subnets[0].Ranges = append(c.Subnets[0].Ranges, r("192.168.122.200", "192.168.122.210"))
		}, []string{"subnet 192.168.122.0/24: range 192.168.122.200-192.168.122.210: overlaps range 192.168.122.100-192.168.122.200"}},
		{"a range of nothing that can be given", func(c *Config) { c.Subnets[0].Ranges = []lease.Range{r("192.168.122.0", "192.168.122.1")} }, []string{
			"subnet 192.168.122.0/24: has no address to give"}},
		{"no range", func(c *Config) { c.Subnets[0].Ranges = nil }, []string{"subnet 192.168.122.0/24: has no address to give"}},
		{"half a range", func(c *Config) { c.Subnets[0].Ranges = []lease.Range{{First: addr("192.168.122.9")}} }, []string{"is not two IPv4 addresses"}},
		{"router outside", func(c *Config) { c.Subnets[0].Router = addr("192.168.1.1") }, []string{"subnet 192.168.122.0/24: router 192.168.1.1: is outside of the subnet"}},
		{"IPv6 DNS", func(c *Config) { c.Subnets[0].DNS = []netip.Addr{addr("2001:db8::1")} }, []string{"DNS server 2001:db8::1: is not a machine's IPv4 address"}},
		{"DNS on no machine", func(c *Config) { c.Subnets[0].DNS = []netip.Addr{addr("0.0.0.0")} }, []string{"DNS server 0.0.0.0: is not a machine's IPv4 address"}},
		{"router on no machine", func(c *Config) { c.Subnets[0].Router = addr("0.0.0.0") }, []string{"router 0.0.0.0: is not a machine's IPv4 address"}},
		{"a domain with a space", func(c *Config) { c.Subnets[0].Domain = "bad domain" }, []string{`domain: "bad domain" has the character ' '`}},
		{"a host with a name that is none", func(c *Config) {
			c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.7")}, Name: "bad_name!"}}
		}, []string{"host " + hostMAC + `: name: "bad_name!" has the character '_'`}},
		{"a domain too long", func(c *Config) { c.Subnets[0].Domain = strings.Repeat("d", 254) }, []string{"domain: has 254 bytes"}},
		{"minimum above the maximum", func(c *Config) { c.Subnets[0].MinLeaseTime = 13 * time.Hour }, []string{"minimum lease time: 13h is more than the maximum of 12h"}},
		{"maximum below the default", func(c *Config) { c.Subnets[0].MaxLeaseTime = time.Hour }, []string{"maximum lease time: 1h is less than the lease time of 6h"}},
		{"negative lease time", func(c *Config) { c.Subnets[0].LeaseTime = -time.Second }, []string{"lease time: cannot be -1s"}},
		{"half a second", func(c *Config) { c.Subnets[0].LeaseTime = 500 * time.Millisecond }, []string{"lease time: cannot be 500ms"}},
		{"an option of the server", func(c *Config) { c.Subnets[0].Options = Options{addrOption(OptionServerID, addr("192.168.122.2"))} }, []string{
			"subnet 192.168.122.0/24: option 54: is made by the server itself"}},
		{"an option twice", func(c *Config) {
			ntp := addrOption(OptionNTP, addr("192.168.122.2"))
			c.Subnets[0].Options = Options{ntp, ntp}
		}, []string{"subnet 192.168.122.0/24: option 42: is there twice"}},
		{"an option without a value", func(c *Config) { c.Subnets[0].Options = Options{{Code: OptionNTP}} }, []string{"option 42: has 0 bytes"}},
		{"a host without an address", func(c *Config) { c.Hosts = []Host{{MAC: mac(hostMAC)}, {MAC: mac(clientMAC)}} }, nil},
		{"a host's boot file", func(c *Config) {
			c.Hosts = []Host{{MAC: mac(hostMAC), Boot: &Boot{File: strings.Repeat("f", 128)}}}
		}, []string{"host " + hostMAC + ": boot file: has 128 bytes"}},
		{"the same MAC twice", func(c *Config) {
			c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.7")}}, {MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.8")}}}
		}, []string{"host " + hostMAC + ": is there twice: with 192.168.122.7 and with 192.168.122.8"}},
		{"the same address twice", func(c *Config) {
			c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.7")}}, {MAC: mac(clientMAC), Addrs: []netip.Addr{addr("192.168.122.7")}}}
		}, []string{"host " + clientMAC + ": has the address of host " + hostMAC}},
		{"a host outside", func(c *Config) { c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.1.7")}}} }, []string{"192.168.1.7 is in no subnet"}},
		{"a host without a MAC", func(c *Config) { c.Hosts = []Host{{Addrs: []netip.Addr{addr("192.168.122.7")}}} }, []string{"is not an Ethernet address"}},
		{"a host on the broadcast address", func(c *Config) { c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.255")}}} }, []string{"192.168.122.255 is the subnet's own address"}},
		{"a host on our address", func(c *Config) {
			c.Subnets[0].Router = netip.Addr{}
			c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.1")}}}
		}, []string{"192.168.122.1 is this server's address"}},
		{"a host on the router's address", func(c *Config) {
			c.Subnets[0].Router = addr("192.168.122.2")
			c.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.2")}}}
		}, []string{"192.168.122.2 is the router's address"}},
		{"a boot file too long", func(c *Config) { c.Boot.File = strings.Repeat("f", 128) }, []string{"boot file: has 128 bytes, at most 127 fit"}},
		{"a newline in a boot file", func(c *Config) { c.Boot.File = "a\nb" }, []string{`boot file: has a control character in "a\nb"`}},
		{"a NUL in a boot file", func(c *Config) { c.Boot.FileFor = map[boot.Arch]string{7: "a\x00b"} }, []string{"boot file for efi-x64: has a control character"}},
		{"HTTP Boot without a URL", func(c *Config) { c.Boot.FileFor = map[boot.Arch]string{16: "bootx64.efi"} }, []string{`boot file for http-x64: "bootx64.efi" is not an http or https URL`}},
		{"an IPv6 next server", func(c *Config) { c.Boot.NextServer = addr("2001:db8::1") }, []string{"next server 2001:db8::1: is not a machine's IPv4 address"}},
		{"next server 0.0.0.0", func(c *Config) { c.Boot.NextServer = addr("0.0.0.0") }, []string{"next server 0.0.0.0: is not a machine's IPv4 address"}},
		{"next server 255.255.255.255", func(c *Config) { c.Boot.NextServer = addr("255.255.255.255") }, []string{"next server 255.255.255.255: is not a machine's"}},
		{"a group as next server", func(c *Config) { c.Boot.NextServer = addr("224.0.0.1") }, []string{"next server 224.0.0.1: is not a machine's"}},
		{"next server on each client", func(c *Config) { c.Boot.NextServer = addr("127.0.0.1") }, []string{"next server 127.0.0.1: means each client itself"}},
		{"all at once", func(c *Config) {
			c.Subnets[0].Router = addr("10.0.0.1")
			c.Subnets[0].Ranges = []lease.Range{r("10.0.0.1", "10.0.0.2")}
			c.Boot.File = "\x7f"
		}, []string{"boot file: ", "router 10.0.0.1: ", "range 10.0.0.1-10.0.0.2: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := classic()
			tt.change(&cfg)
			err := cfg.Validate()
			var got []string
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, fault := range joined.Unwrap() {
					var ce *ConfigError
					if !errors.As(fault, &ce) || ce.Hint == "" {
						t.Errorf("%v has no hint", fault)
					}
					got = append(got, fault.Error())
				}
			}
			match := cmp.Comparer(func(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) })
			if diff := cmp.Diff(tt.want, got, match); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
