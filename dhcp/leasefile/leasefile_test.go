package leasefile

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var cmpAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

const iscFile = `# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

server-duid "\000\001\000\001";

lease 192.0.2.10 {
  starts 5 2026/01/02 03:04:05;
  ends 5 2026/01/02 09:04:05;
  binding state active;
  hardware ethernet 52:54:00:00:00:99;
}
lease 192.0.2.10 {
  starts 5 2026/01/02 03:04:05;
  ends 5 2026/01/02 15:04:05;
  cltt 5 2026/01/02 03:04:05;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 52:54:00:12:34:56;
  uid "\001RT\000\0224V";
  set vendor-class-identifier = "a;}\"b\\";
  client-hostname "node1";
  on expiry { set x = "}"; if 1 = 1 { log "x"; } }
}
lease 192.0.2.11 {
  ends never;
  binding state active;
  hardware ethernet 52:54:0:0:0:1;
  uid 01:52:54:00:00:00:01;
}
lease 192.0.2.12 {
  ends epoch 1767344645; # Fri Jan  2 09:04:05 2026
  hardware infiniband 80:00:02:08:fe;
  uid ff:01;
}
lease 192.0.2.13 {
  ends 5 2026/01/02 09:04:05;
  binding state free;
  hardware ethernet 52:54:00:00:00:03;
}
lease 192.0.2.14 {
  ends 5 2026/01/02 09:04:05;
  binding state abandoned;
}
host made {
  dynamic;
  hardware ethernet 52:54:00:00:00:05;
  fixed-address 192.0.2.50;
}
failover peer "x" state {
  my state normal at 5 2026/01/02 09:04:05;
}
lease 192.0.2.15 {
  ends 5 2026/13/02 09:04:05;
  binding state active;
}
lease 192.0.2.10 {
  starts 5 2026/01/02 03:0`

const dnsmasqFile = `1767344645 52:54:00:12:34:56 192.0.2.10 node1 01:52:54:00:12:34:56
1767344645 52:54:00:00:00:01 192.0.2.9 * *
0 06-00:01:02 192.0.2.11 * ff:01
1767344645 52:54:00:00:00:02 192.0.2.12 *
soon 52:54:00:00:00:02 192.0.2.12 * *
1767344646 52:54:00:00:00:01 192.0.2.9 * *
duid 00:01:00:01:2d:11
1767344645 12345 2001:db8::10 node1 00:01
1767344645 12346 2001:db8::11 node1 00:01
1767344645 52:54:00:00:00:03 192.0.2.1`

const keaFile = `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.0.2.10,52:54:00:12:34:56,01:52:54:00:12:34:56,3600,1767344645,1,0,0,node1.example.com.,0,,0
192.0.2.11,52:54:00:00:00:01,,4294967295,6062300000,1,0,0,a&#x2cb&#x,0,{ "x": 1&#x2c "y": 2 },0
192.0.2.12,52:54:00:00:00:02,,3600,1767344645,1,0,0,,2,,0
192.0.2.13,52:54:00:00:00:03,,3600,1767344645,1,0,0,,0,,0
192.0.2.13,52:54:00:00:00:03,,0,1767344645,1,0,0,,0,,0
192.0.2.14,,,86400,1767344645,1,0,0,,1,,0
192.0.2.15,52:54:00:00:00:05,,3600,1767344645,1,0,0
192.0.2.16,52:54:00:00:00:06,,3600,1767344645,1,0,0,,9,,0
192.0.2.17,52:54:00:00:00:07,,36`

// TestParse reads a file of each server, with a fault of each kind in it.
func TestParse(t *testing.T) {
	at := time.Unix(1767344645, 0).UTC() // 2026-01-02 09:04:05
	node := net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	id := append([]byte{1}, node...)
	mac := func(n byte) net.HardwareAddr { return net.HardwareAddr{0x52, 0x54, 0, 0, 0, n} }
	a := netip.MustParseAddr
	for _, tt := range []struct {
		format Format
		text   string
		want   File
	}{
		{ISC, iscFile, File{
			Records: []Record{
				{Line: 15, Addr: a("192.0.2.10"), HType: 1, HWAddr: node, ClientID: id, Name: "node1", Expires: at.Add(6 * time.Hour)},
				{Line: 28, Addr: a("192.0.2.11"), HType: 1, HWAddr: mac(1), ClientID: append([]byte{1}, mac(1)...)},
				{Line: 34, Addr: a("192.0.2.12"), HType: 32, HWAddr: net.HardwareAddr{0x80, 0, 2, 8, 0xfe}, ClientID: []byte{0xff, 1}, Expires: at},
				{Line: 39, Addr: a("192.0.2.13"), HType: 1, HWAddr: mac(3), Expires: at, Over: "free"},
				{Line: 44, Addr: a("192.0.2.14"), Expires: at, Over: "abandoned"},
			},
			LeftOut: []LeftOut{
				{48, iscWords["host"], false},
				{57, `"5 2026/13/02 09:04:05" is not a time`, true},
				{60, "the file ends in the middle of it", true},
			},
		}},
		{Dnsmasq, dnsmasqFile, File{
			Records: []Record{
				{Line: 6, Addr: a("192.0.2.9"), HType: 1, HWAddr: mac(1), Expires: at.Add(time.Second)},
				{Line: 1, Addr: a("192.0.2.10"), HType: 1, HWAddr: node, ClientID: id, Name: "node1", Expires: at},
				{Line: 3, Addr: a("192.0.2.11"), HType: 6, HWAddr: net.HardwareAddr{0, 1, 2}, ClientID: []byte{0xff, 1}},
			},
			LeftOut: []LeftOut{
				{4, "4 words are not the five of a lease", true},
				{5, `"soon" is not a time in seconds`, true},
				{10, "the file ends in the middle of it", true},
				{7, "2 leases of DHCPv6", false},
			},
		}},
		{Kea, keaFile, File{
			Records: []Record{
				{Line: 2, Addr: a("192.0.2.10"), HType: 1, HWAddr: node, ClientID: id, Name: "node1.example.com", Expires: at},
				{Line: 3, Addr: a("192.0.2.11"), HType: 1, HWAddr: mac(1), Name: "a,b&#x"},
				{Line: 4, Addr: a("192.0.2.12"), HType: 1, HWAddr: mac(2), Expires: at, Over: "expired and reclaimed"},
				{Line: 6, Addr: a("192.0.2.13"), HType: 1, HWAddr: mac(3), Expires: at, Over: "deleted"},
				{Line: 7, Addr: a("192.0.2.14"), HType: 1, Expires: at, Over: "declined"},
			},
			LeftOut: []LeftOut{
				{8, "8 values are not the 12 of the first line", true},
				{9, `"9" is not a state of a lease`, true},
				{10, "the file ends in the middle of it", true},
			},
		}},
	} {
		got, format, err := Parse(strings.NewReader(tt.text), "")
		if err != nil || format != tt.format {
			t.Errorf("%s: taken for %q, %v", tt.format, format, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *got, cmpAddr); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.format, diff)
		}
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]Format{
		"": Dnsmasq, "\n\n": Dnsmasq, "0 52:54": Dnsmasq, "duid 00:01": Dnsmasq,
		"# comments alone\n": ISC, "# x\n\nlease 192.0.2.1 {": ISC, "server-duid \"x\";": ISC,
		"address,hwaddr": Kea,
		"pxe leases 1\n": "", "{}": "", "lea": "", "\x00": "",
	} {
		got, err := Detect([]byte(text))
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
}

// TestParseRefuses are files that are no lease files, or worse.
func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		format Format
		text   string
		want   string
	}{
		"nobody's":       {"", "pxe leases 1\n", ErrFormat.Error()},
		"a client's":     {"", "lease {\n interface \"eth0\";\n}\n", "as a client (dhclient) keeps them"},
		"DHCPv6":         {"", "address,duid,valid_lifetime\n", "leases of DHCPv6"},
		"another than":   {Kea, dnsmasqFile, `there is no column "address"`},
		"a column less":  {Kea, "address,hwaddr,client_id,expire\n", `there is no column "valid_lifetime"`},
		"one } too many": {"", "lease 192.0.2.1 { ends never; } }\n", "line 1: \"}\" without"},
		"a long line":    {Dnsmasq, strings.Repeat("x", maxLine+1), "line 1: longer than"},
		"a long word":    {ISC, "\n" + strings.Repeat("x", maxLine+1), "line 2: a word of more than"},
		"a long string":  {ISC, `lease "` + strings.Repeat("x", maxLine+1), "line 1: a string of more than"},
		"a long list":    {ISC, "lease" + strings.Repeat(" x", maxWords) + ";", "line 1: a statement of more than"},
		"no such format": {"other", "", ErrFormat.Error()},
		"no such byte":   {ISC, `lease "\777"`, `\777 is no byte`},
	} {
		if f, _, err := Parse(strings.NewReader(tt.text), tt.format); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v, want %q", name, f, err, tt.want)
		}
	}
	broken := errors.New("disk on fire")
	if _, _, err := Parse(failing{broken}, ISC); !errors.Is(err, broken) {
		t.Errorf("a disk that cannot be read: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestKey(t *testing.T) {
	mac := net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1}
	for name, tt := range map[string]struct {
		r    Record
		byID bool
		want string
		ok   bool
	}{
		"the MAC":                 {Record{HType: 1, HWAddr: mac, ClientID: []byte("id")}, false, "\x01" + string(mac), true},
		"the identifier":          {Record{HType: 1, HWAddr: mac, ClientID: []byte("id")}, true, "id", true},
		"no identifier":           {Record{HType: 1, HWAddr: mac}, true, "\x01" + string(mac), true},
		"InfiniBand":              {Record{HType: 32, HWAddr: mac, ClientID: []byte("id")}, false, "id", true},
		"no MAC":                  {Record{HType: 1, ClientID: []byte("id")}, false, "", false},
		"no MAC, but an identity": {Record{HType: 1, ClientID: []byte("id")}, true, "id", true},
	} {
		if key, ok := tt.r.Key(tt.byID); string(key) != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %v", name, key, ok)
		}
	}
}
