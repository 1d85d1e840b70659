package dhcpyaml

import (
	"errors"
	"os"
	"strings"
	"testing"

	"pxe/dhcp"
)

// faults are the single faults of an error.
func faults(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

const lan = "subnets: {subnet: 192.0.2.0/24, ranges: 192.0.2.100-192.0.2.200}\n"

// TestFaults reads what is wrong: every fault, where it is, and what to do.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // position, problem and hint, a fault a line
	}{
		{"unknown key", lan + "authoritive: true", `2:1: unknown key "authoritive" (did you mean authoritative?)`},
		{"interface twice", lan + "interfaces: [eth0, eth1, eth0]", "2:26: interface eth0 is there twice (leave one out)"},
		{"unknown key inside", "subnets:\n  - subnet: 192.0.2.0/24\n    range: 192.0.2.9-192.0.2.10", `3:5: unknown key "range" (did you mean ranges?)`},
		{"not like any key", lan + "colour: blue",
			`2:1: unknown key "colour" (want one of interfaces, lease_file, proxy, authoritative, boot_only, by_client_id, subnets, hosts, boot, rules)`},
		{"twice", lan + "proxy: false\nproxy: false", "3:1: proxy is there twice (join the two)"},
		{"twice in a map", lan + "boot: {file_for: {efi-x64: a.efi, 7: b.efi}}", "2:35: 7 is there twice (join the two)"},
		{"option twice", lan + "rules: [{options: {ntp: 192.0.2.1, 42: 192.0.2.1}}]", "2:36: 42 is there twice (join the two)"},
		{"no value", lan + "hosts:", "2:1: hosts has no value (give it one, or leave the key out)"},
		{"missing key", "subnets:\n  - ranges: 192.0.2.9-192.0.2.10", "2:5: the key subnet is missing (add it)"},
		{"not a map", lan + "boot: pxelinux.0", "2:7: text, not keys and values (write keys with their values, each in a line of its own)"},
		{"list for one", lan + "boot: {file: [a, b]}", "2:14: a list, not a text (write it like pxelinux.0)"},
		{"number for a text", lan + "boot: {file: 12}", `2:14: a number, not a text (write it in quotes: "12")`},
		{"truth", lan + "boot_only: maybe", `2:12: "maybe", not true or false (write true or false)`},
		{"address", "subnets: {subnet: 192.0.2.0/24, router: 192.0.2}", `1:41: "192.0.2" is not an IPv4 address (write it like 192.168.122.1 (names are not looked up))`},
		{"network", "subnets: {subnet: 192.0.2.0/33}", `1:19: "192.0.2.0/33" is not an IPv4 network (write it like 192.168.122.0/24)`},
		{"range", "subnets: {subnet: 192.0.2.0/24, ranges: 192.0.2.1-9}", `1:41: "192.0.2.1-9" is not a range of addresses (write it like 192.168.122.100-192.168.122.200)`},
		{"MAC", lan + "hosts: {mac: 52:54:00:12:34}", `2:14: "52:54:00:12:34" is not a MAC address (write it like 52:54:00:12:34:56)`},
		{"MAC of two kinds", lan + "hosts: {mac: 52:54-00:12:34:56}", `2:14: "52:54-00:12:34:56" is not a MAC address (write it like 52:54:00:12:34:56)`},
		{"time", "subnets: {subnet: 192.0.2.0/24, lease_time: soon}", `1:45: "soon" is not a time (write it like 6h, 90m, or 3600 for seconds)`},
		{"no time", "subnets: {subnet: 192.0.2.0/24, lease_time: 0}", `1:45: "0" is not a time (write it like 6h, 90m, or 3600 for seconds)`},
		{"architecture", lan + "rules: {match: {arch: efi-x46}}", `2:23: "efi-x46" is not an architecture (did you mean efi-x64?)`},
		{"kind", lan + "rules: {match: {kind: [pxe, ipx]}}", `2:29: "ipx" is not a kind of client (did you mean ipxe?)`},
		{"quirk", lan + "rules: {quirks: {pad300: on}}", `2:18: "pad300" is not a quirk (did you mean pad-300?)`},
		{"UUID", lan + "rules: {match: {uuid: 4c4c4544}}", `2:23: "4c4c4544" is not a UUID (write it like 4c4c4544-0053-4c10-8034-b7c04f303332)`},
		{"hex", lan + "rules: {match: {circuit_id: 0x123}}", `2:29: "0x123" is not bytes in hex (write it like 0x0a0b (two digits a byte), or as a text)`},
		{"unknown option", lan + "rules: {options: {mut: 1400}}", `2:19: unknown option "mut" (did you mean mtu?, or a number from 1 to 254)`},
		{"option's value", lan + "rules: {options: {mtu: big, ntp: [192.0.2.1, pool], 224: 192.0.2.1}}",
			"2:24: \"big\" is not a value of option mtu (write a number up to 65535)\n" +
				"2:46: \"pool\" is not a value of option ntp (write addresses: [192.168.122.1])\n" +
				"2:58: \"192.0.2.1\" is not a value of option 224 (write a text, bytes like 0x0a0b, or a list of addresses: [192.168.122.1])"},
		{"host without a name", lan + "hosts: {addresses: 192.0.2.9}", "2:8: a host needs either a mac or a client_id (add mac: 52:54:00:12:34:56, or leave one out)"},
		{"test of nothing", lan + "rules: {match: {test: {equals: x}}}", "2:23: a test needs either an option or hardware: true (add option: 60, or leave one out)"},
		{"anchor", "subnets: &a {subnet: 192.0.2.0/24}", "1:10: anchors and aliases are not read (write the value out where it belongs)"},
		{"tag", lan + "proxy: !!bool true", "2:8: the tag !!bool is not read (leave it out)"},
		{"syntax", lan + "boot: {file: a", "2:7: not YAML: could not find flow mapping end token '}' (see the indentation, and put texts with signs into quotes)"},
		{"two documents", lan + "---\n" + lan, "3:1: a second document in the file (make it one)"},
		{"not UTF-8", "a: \xff", "1:1: the file is not UTF-8 text (save it as UTF-8)"},
		{"deep", strings.Repeat("[", 100_000), "1:65: nested too deeply (write fewer lists in lists)"},
		{"deep in lines", strings.Repeat("- ", 100_000), "1:201: nested too deeply (write fewer lists in lists)"},
		{"directives", strings.Repeat("%YAML 1.2\n---\n", 100_000), "1:1: a directive (%) is not read (leave it out)"},
		{"explicit key", lan + "? proxy\n: on\n", "2:1: a key that begins with \"?\" is not read (write a word and a colon)"},
		{"keys", strings.Repeat("proxy: on\n", 100_000), "1001:6: more than 1000 keys beside each other (make it a list, or write them as {a: b, c: d})"},
		{"large", strings.Repeat("#", maxSize+1), "1:1: the file has more than 4194304 bytes (split the network over several servers)"},
		{"empty", "# nothing\n", "1:1: subnets: there are none to serve (name one, or serve as a proxy beside another DHCP server)"},
		{"all at once", "proxi: 1\nsubnets:\n  - subnet: x\n  - subnet: y\n",
			"1:1: unknown key \"proxi\" (did you mean proxy?)\n" +
				"3:13: \"x\" is not an IPv4 network (write it like 192.168.122.0/24)\n" +
				"4:13: \"y\" is not an IPv4 network (write it like 192.168.122.0/24)"},

		// What Validate finds.
		{"range outside", "subnets:\n  - subnet: 192.0.2.0/24\n    ranges:\n      - 192.0.2.9-192.0.2.10\n      - 192.0.3.1-192.0.3.2\n",
			"5:9: subnet 192.0.2.0/24: range 192.0.3.1-192.0.3.2: is not inside of the subnet (choose addresses of 192.0.2.0/24)"},
		{"router outside", "subnets:\n  - subnet: 192.0.2.0/24\n    router: 192.0.3.1\n    ranges: 192.0.2.9-192.0.2.10\n",
			"3:13: subnet 192.0.2.0/24: router 192.0.3.1: is outside of the subnet (clients reach only a router in their own network)"},
		{"second host", lan + "hosts:\n  - mac: 52:54:00:12:34:56\n  - mac: 52-54-00-12-34-56\n",
			"4:5: host 52:54:00:12:34:56: is there twice: with no address and with no address (give each machine one line)"},
		{"own option", "subnets:\n  - subnet: 192.0.2.0/24\n    ranges: 192.0.2.9-192.0.2.10\n    options:\n      domain: x\n      51: 0x01\n",
			"5:7: subnet 192.0.2.0/24: option 15: is made by the server itself (leave it out)\n" +
				"6:7: subnet 192.0.2.0/24: option 51: is made by the server itself (leave it out)"},
		{"file for HTTP", lan + "boot:\n  file_for:\n    bios: a\n    http-x64: b.efi\n",
			`5:5: boot file for http-x64: "b.efi" is not an http or https URL (HTTP Boot needs the whole URL: http://server/path/file.efi)`},
		{"host's file", lan + "hosts:\n  - mac: 52:54:00:12:34:56\n    boot:\n      ipxe: " + strings.Repeat("x", 128),
			"5:13: host 52:54:00:12:34:56: boot file for ipxe: has 128 bytes, at most 127 fit (shorten the path: shim and PXELINUX read it from a field of 128 bytes)"},
		{"rule's file and local boot", lan + "rules:\n  - local_boot: on\n    file: x\n",
			"4:11: rule a.yaml:3: boot file: is x, and the machine boots from its disk (leave one out)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read("a.yaml", []byte(tt.text))
			var got []string
			for _, fault := range faults(err) {
				var e *dhcp.FileError
				if !errors.As(fault, &e) {
					t.Fatalf("without a place: %v", fault)
				}
				got = append(got, strings.TrimPrefix(fault.Error(), "a.yaml:")+" ("+e.Hint+")")
			}
			if all := strings.Join(got, "\n"); all != tt.want {
				t.Errorf("got\n%s\nwant\n%s", all, tt.want)
			}
		})
	}
}

func TestManyFaults(t *testing.T) {
	_, err := Read("a.yaml", []byte(strings.Repeat("x: 1\n", 1000)))
	list := faults(err)
	if len(list) != maxFaults+1 || !strings.HasSuffix(list[maxFaults].Error(), "and there are 980 faults more") {
		t.Errorf("%d faults, the last: %v", len(list), list[len(list)-1])
	}
}

// TestLocate finds the places of what is wrong with the servers' addresses too,
// which only the interfaces tell.
func TestLocate(t *testing.T) {
	d, err := Read("a.yaml", []byte(lan+"hosts:\n  - mac: 52:54:00:12:34:56\n    addresses: 192.0.2.1\n"))
	if err != nil {
		t.Fatal(err)
	}
	d.Config.Servers = addrs("192.0.2.1")
	err = d.Locate(d.Config.Validate())
	if want := "a.yaml:3:5: host 52:54:00:12:34:56: 192.0.2.1 is this server's address"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if other := d.Locate(os.ErrNotExist); !errors.Is(other, os.ErrNotExist) {
		t.Error(other)
	}
}
