package dhcpyaml

import (
	"bytes"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

func addrs(list ...string) []netip.Addr {
	var all []netip.Addr
	for _, s := range list {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

// everything says all that a Config can say.
func everything() Document {
	mac := net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	match := dhcp.Match{
		Arch: []boot.Arch{boot.ArchEFIX64, 77}, Kind: []boot.Kind{boot.KindPlain, boot.KindIPXE}, MAC: []dhcp.MACPrefix{"\x52", dhcp.MACPrefix(mac)},
		UUID: [][16]byte{{1, 2, 3}, [16]byte([]byte("1111111111111111"))}, Subnet: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25")},
		VendorClass: []string{"PXEClient:Arch:00007", "0x00", "\xff"}, UserClass: []string{"iPXE", ""}, CircuitID: []string{"port 1", "\x00\x04"},
		RemoteID: []string{"rack: 1 # no comment"}, Known: true,
		Test: &dhcp.Test{Option: dhcp.OptionVendorClass, From: 3, Length: 4, Lower: true, Equal: []byte("pxe\n")},
		All: []dhcp.Match{
			{Test: &dhcp.Test{Source: dhcp.SourceSuboption, Option: 82, Suboption: 6, Exists: true}},
			{Test: &dhcp.Test{Source: dhcp.SourceHardware, Suffix: true, Length: 2, Equal: []byte{0x34, 0x56}}},
		},
		Any: []dhcp.Match{{}, {Known: true}},
		Not: &dhcp.Match{Known: true}, Range: []lease.Range{{First: netip.MustParseAddr("192.0.2.130"), Last: netip.MustParseAddr("192.0.2.139")}},
	}
	options := dhcp.Options{
		{Code: dhcp.OptionNTP, Data: []byte{192, 0, 2, 1, 192, 0, 2, 2}}, {Code: dhcp.OptionMTU, Data: []byte{5, 0xdc}}, {Code: dhcp.OptionMTU - 3, Data: []byte{1}},
		{Code: dhcp.OptionTimeOffset, Data: []byte{0xff, 0xff, 0xff, 0xff}}, {Code: 19, Data: []byte{1}}, {Code: dhcp.OptionRootPath, Data: []byte("192.0.2.1:/srv")},
		{Code: 224, Data: []byte("192.0.2.1")}, {Code: 225, Data: []byte{0}}, {Code: dhcp.OptionPXELINUXRebootTimeout, Data: []byte{1, 2, 3}},
		{Code: dhcp.OptionDomainSearch, Data: []byte("\x07example\x03com\x00\x03lab\x00")},
		{Code: dhcp.OptionClasslessRoute, Data: []byte{24, 198, 51, 100, 192, 0, 2, 9, 0, 192, 0, 2, 1}},
	}
	settings := dhcp.Settings{
		NextServer: netip.MustParseAddr("192.0.2.3"), File: "a b/ü\\\".efi", Once: true,
		Options:   dhcp.Options{{Code: dhcp.OptionVendorSpecific, Data: []byte{6, 1, 8}}, {Code: dhcp.OptionHostName, Data: []byte("yes")}},
		LeaseTime: time.Hour, MaxLeaseTime: 90 * time.Minute, MinLeaseTime: time.Minute, Quirks: map[dhcp.Quirk]bool{dhcp.QuirkPad300: false, dhcp.QuirkClassless: true},
	}
	table := dhcp.Boot{
		NextServer: netip.MustParseAddr("192.0.2.4"), File: "pxelinux.0", FileFor: map[boot.Arch]string{boot.ArchEFIX64: "bootx64.efi", boot.ArchHTTPX64: "x", 99: ""},
		HTTPURL: "https://192.0.2.1/boot/?a=b&c", IPXE: "http://192.0.2.1/boot.ipxe#x",
	}
	return Document{
		Interfaces: []string{"eth0", "br-lan.7"}, LeaseFile: "/var/lib/pxe/leases",
		Config: dhcp.Config{
			Authoritative: true, BootOnly: true, ByClientID: true, Boot: table,
			Subnets: []dhcp.Subnet{
				{
					Prefix: netip.MustParsePrefix("192.0.2.0/24"), Network: "no", For: match, BOOTP: true, Router: netip.MustParseAddr("192.0.2.1"),
					Ranges: []lease.Range{{First: netip.MustParseAddr("192.0.2.100"), Last: netip.MustParseAddr("192.0.2.120")}, {First: netip.MustParseAddr("192.0.2.130"), Last: netip.MustParseAddr("192.0.2.130")}},
					DNS:    addrs("192.0.2.53", "8.8.8.8"), Domain: "example.com", LeaseTime: dhcp.DefaultLeaseTime, MaxLeaseTime: 36*time.Hour + 1*time.Second, MinLeaseTime: time.Second, Options: options,
				},
				{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Network: "no", Ranges: []lease.Range{{First: netip.MustParseAddr("198.51.100.7"), Last: netip.MustParseAddr("198.51.100.9")}}},
			},
			Hosts: []dhcp.Host{
				{MAC: mac, Addrs: addrs("192.0.2.10", "198.51.100.10"), Name: "123", Boot: &table, Settings: settings},
				{ClientID: []byte("01:02"), Boot: &dhcp.Boot{}, Settings: dhcp.Settings{LocalBoot: true}},
				{ClientID: []byte{0, 1, 2}},
			},
			Rules: []dhcp.Rule{{Name: "lab: \"1\"", Match: match, Settings: settings}, {Name: "~", Settings: dhcp.Settings{LocalBoot: true}}, {Name: "i", Settings: dhcp.Settings{Ignore: true}}},
		},
	}
}

// equal compares Documents as what they mean: no list is an empty one.
var equal = cmp.Options{
	cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Document{}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func written(t *testing.T, d Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWriteReadsBack writes all that a Config can say, and reads it. A field that
// is new to dhcp.Config fails it until everything has it.
func TestWriteReadsBack(t *testing.T) {
	want := everything()
	text := written(t, want)
	got, err := Read("a.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("(-written +read):\n%s\n%s", diff, text)
	}
	set := make(map[string]bool)
	visit(reflect.ValueOf(want), set)
	for name, is := range set {
		if !is && name != "Config.Servers" && name != "Config.Proxy" {
			t.Errorf("%s is zero everywhere in this test", name)
		}
	}
}

// visit notes for each field of our structs whether it is set anywhere.
func visit(v reflect.Value, set map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			visit(v.Elem(), set)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			visit(v.Index(i), set)
		}
	case reflect.Struct:
		if !strings.HasPrefix(v.Type().PkgPath(), "pxe/") {
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				name := v.Type().Name() + "." + f.Name
				set[name] = set[name] || !v.Field(i).IsZero()
				visit(v.Field(i), set)
			}
		}
	}
}

func TestWriteEmptyLists(t *testing.T) {
	text := written(t, Document{Config: dhcp.Config{Boot: dhcp.Boot{FileFor: map[boot.Arch]string{}}, Hosts: []dhcp.Host{}}})
	if strings.Contains(string(text), "boot:") || strings.Contains(string(text), "hosts:") {
		t.Errorf("it says more than nothing:\n%s", text)
	}
}

func TestWriteProxy(t *testing.T) {
	want := Document{Config: dhcp.Config{Proxy: true, Boot: dhcp.Boot{File: "x.0"}}}
	got, err := Read("a.yaml", written(t, want))
	if diff := cmp.Diff(want, got, equal); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestWriteComments(t *testing.T) {
	d := Document{Config: dhcp.Config{Subnets: []dhcp.Subnet{
		{Prefix: netip.MustParsePrefix("192.0.2.0/24"), LeaseTime: dhcp.DefaultLeaseTime}, {Prefix: netip.MustParsePrefix("198.51.100.0/24")},
	}}}
	const want = `# The networks whose machines get addresses, and what these are told.
subnets:
  # The network.
  - subnet: 192.0.2.0/24
    # Give BOOTP clients addresses of the ranges too; they keep them for ever.
    # bootp: false # the default
    # How long a lease lasts for machines that ask for no time.
    lease_time: 6h # the default
  - subnet: 198.51.100.0/24
`
	_, got, _ := strings.Cut(string(written(t, d)), "\n\n# The networks")
	if diff := cmp.Diff(want, "# The networks"+got); diff != "" {
		t.Error(diff)
	}
}

func TestWriteNotUTF8(t *testing.T) {
	err := Write(&bytes.Buffer{}, Document{Config: dhcp.Config{Boot: dhcp.Boot{File: "\xff"}}})
	if err == nil || !strings.Contains(err.Error(), `"\xff" is not UTF-8`) {
		t.Error(err)
	}
}
