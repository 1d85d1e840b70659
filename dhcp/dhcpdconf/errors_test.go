package dhcpdconf

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files is a tree to read from.
type files map[string]string

func (f files) open(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// parts are the errors that were joined.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// judged is every error and warning of a file, for its first subnet.
func judged(f files) (errs, warnings []string) {
	file, err := Read("a.conf", f.open)
	var r Result
	if err == nil {
		r, err = file.Config()
	}
	for _, e := range parts(err) {
		errs = append(errs, e.Error())
		if at, ok := e.(*Error); !ok || at.Hint == "" || at.Line == 0 {
			errs = append(errs, fmt.Sprintf("%v: an error without position or hint", e))
		}
	}
	for _, w := range r.Warnings {
		warnings = append(warnings, w.String())
	}
	return errs, warnings
}

// in is a subnet with an address to give, and something more.
func in(more string) string {
	return "subnet 10.0.0.0 netmask 255.255.255.0 {\nrange 10.0.0.9;\n" + more + "\n}"
}

const arch = "option arch code 93 = unsigned integer 16;\n"

func TestRefused(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no semicolon", "authoritative", `1:1: "authoritative" is not finished at the end of the file`},
		{"no semicolon before }", in("authoritative"), `4:1: } in the middle of "authoritative"`},
		{"block not closed", "group {", `1:7: the block of "group" is not closed`},
		{"block too many", "group { } }", `1:11: a } without its {`},
		{"block of nothing", "{ }", `1:1: a block of nothing`},
		{"no closing quote", "filename \"x;\n", `1:10: a text without its closing quote`},
		{"strange character", "filename $x;", `1:10: unexpected character '$'`},
		{"deep", strings.Repeat("group {", 40) + strings.Repeat("}", 40), `1:232: blocks are more than 32 deep`},
		{"text first", `"a" b;`, `1:1: unexpected "a"`},
		{"unknown statement", "frobnicate on;", `1:1: "frobnicate" is not supported`},
		{"failover", `failover peer "a" { }`, `1:1: failover peer a is not supported`},
		{"allow something else", "allow leases;", `1:1: allow leases is not supported`},
		{"members of no pool", `allow members of "a";`, `1:1: allow members of is not supported outside of a pool`},
		{"dynamic DNS", "ddns-update-style interim;", `1:1: ddns-update-style interim is not supported`},
		{"subclass", `subclass "a" 1:2:3;`, `1:10: there is no class "a" that tells subclasses apart`},
		{"else alone", "else { }", `1:1: else without an if`},
		{"if without a block", arch + "if option arch = 00:07;", `2:1: "if" without a block`},
		{"else with a condition", arch + "if option arch = 00:07 { } else option arch = 0:6 { }", `2:33: unexpected "option" after else`},

		{"subnet without a mask", "subnet 10.0.0.0 { }", `1:1: a subnet needs its address and mask`},
		{"subnet with host bits", "subnet 10.0.0.1 netmask 255.255.255.0 { }", `1:8: 10.0.0.1 is an address in the subnet, not the subnet's own`},
		{"no mask", "subnet 10.0.0.0 netmask 255.0.255.0 { }", `1:25: "255.0.255.0" is not a mask`},
		{"subnet in a subnet", in(in("")), `3:1: a subnet in a subnet, a pool, a host or a condition`},
		{"subnets overlap", in("") + "subnet 10.0.0.0 netmask 255.0.0.0 { }", `4:2: subnet 10.0.0.0/8 overlaps subnet 10.0.0.0/24`},
		{"range outside", in("range 10.0.1.1 10.0.1.9;"), `3:1: subnet 10.0.0.0/24: range 10.0.1.1-10.0.1.9: is not inside of the subnet`},
		{"range backwards", in("range 10.0.0.7 10.0.0.5;"), `3:1: subnet 10.0.0.0/24: range 10.0.0.7-10.0.0.5: runs backwards`},
		{"range in no subnet", "range 10.0.0.1;", `1:1: a range that is not in a subnet`},
		{"range of names", in("range a b;"), `3:7: "a" is not an IPv4 address`},
		{"pool in no subnet", "pool { }", `1:1: a pool that is not in a subnet`},
		{"pool without a range", in(`pool { filename "x"; }`), `3:1: a pool without a range`},
		{"pool of somebody else", in("pool { range 10.0.0.20; allow friends; }"), `3:25: allow friends is not supported in a pool`},
		{"pool of no class", in(`pool { range 10.0.0.20; deny members of "x"; }`), `3:41: there is no class "x"`},
		{"failover in a pool", in(`pool { range 10.0.0.20; failover peer "x"; }`), `3:25: failover peer x is not supported`},
		{"pool before its subnet", "shared-network x { pool { range 10.0.0.7; } " + in("") + " }", `1:27: 10.0.0.7 is in no subnet of the shared network`},
		{"group in a pool", in("pool { range 10.0.0.20; group { } }"), `3:25: a group in a host, a pool or a condition`},

		{"unknown option", in("option domain-nam \"x\";"), `3:8: option "domain-nam" is not known`},
		{"option without a value", in("option routers;"), `3:8: option routers has no value`},
		{"option with a wrong value", in("option routers router.example;"), `3:16: "router.example" is no value for option routers`},
		{"option by name", in("option domain-name-servers ns1.example;"), `3:28: "ns1.example" is no value for option domain-name-servers`},
		{"option without quotes", in("option domain-name benet.com;"), `3:20: "benet.com" is no value for option domain-name`},
		{"option with too many values", in("option time-offset 1, 2;"), `3:21: unexpected "," after the value of option time-offset`},
		{"comma at the end", in("option ntp-servers 10.0.0.1,;"), `3:28: unexpected "," after the value of option ntp-servers`},
		{"number out of range", in("option default-ip-ttl 256;"), `3:23: "256" is no value for option default-ip-ttl`},
		{"router outside", in("option routers 10.0.1.1;"), `3:1: subnet 10.0.0.0/24: router 10.0.1.1: is outside of the subnet`},
		{"another mask", in("option subnet-mask 255.255.0.0;"), `3:1: subnet-mask 255.255.0.0 is not that of 10.0.0.0/24`},
		{"no such space", "option PXE.menu code 9 = text;", `1:8: there is no option space "pxe"`},
		{"text in a record's middle", "option x code 200 = { text, integer 8 };", `1:21: the type of "x" is not supported`},
		{"arrays in a list", "option x code 200 = array of { integer 8, array of ip-address };", `1:21: the type of "x" is not supported`},
		{"array of texts", "option x code 200 = array of text;", `1:21: the type of "x" is not supported`},
		{"record that is not closed", "option x code 200 = { integer 8 ;", `1:21: the type of "x" is not supported`},
		{"record of too few", "option x code 200 = { ip-address, integer 8 };" + in("option x 10.0.0.1;"), `3:8: option x has 1 values of 2`},
		{"record with a comma", "option x code 200 = { ip-address, integer 8 };" + in("option x 10.0.0.1, 5;"), `3:18: "," is no value for option x`},
		{"option of no type", "option x code 200 = float;", `1:21: the type of "x" is not supported`},
		{"option of no code", "option x code 255 = text;", `1:15: "255" is no code of an option`},

		{"file without quotes", in("filename pxelinux.0;"), `3:1: filename needs one name in quotes`},
		{"file too long", in(`filename "` + strings.Repeat("f", 128) + `";`), `3:1: boot file: has 128 bytes, at most 127 fit`},
		{"two files", in(`filename "a"; option bootfile-name "b";`), `3:15: bootfile-name "b" and filename "a"`},
		{"two servers", in(`next-server 10.0.0.2; option tftp-server-name "10.0.0.3";`), `3:23: tftp-server-name 10.0.0.3 and next-server 10.0.0.2`},
		{"server by name", in(`next-server tftp.example;`), `3:13: "tftp.example" is no value for next-server`},
		{"server by name, as option", in(`option tftp-server-name "tftp.example";`), `3:1: tftp-server-name "tftp.example" is not an address`},
		{"time of zero", "default-lease-time 0;", `1:20: "0" cannot be the time of a lease`},
		{"time for ever", "max-lease-time 4294967295;", `1:16: "4294967295" cannot be the time of a lease`},

		{"host without a MAC", "host a { fixed-address 10.0.0.1; }", `1:1: host a has no MAC`},
		{"host of no Ethernet", "host a { hardware token-ring 1:2:3:4:5:6; }", `1:10: hardware is an Ethernet address
1:1: host a has no MAC`},
		{"host by name", "host a { hardware ethernet 2:0:0:0:0:1; fixed-address a.example; }", `1:55: "a.example" is no value for fixed-address`},
		{"host twice", in("") + "\nhost a { hardware ethernet 2:0:0:0:0:1; }\nhost b { hardware ethernet 2:0:0:0:0:1; }", `6:1: host 02:00:00:00:00:01: is there twice: with no address and with no address`},
		{"hardware outside of a host", "hardware ethernet 2:0:0:0:0:1;", `1:1: hardware that is not in a host`},

		{"class without match", `class "a" { }`, `1:1: class "a" has no match`},
		{"second match if", `class "a" { match if true ; match if exists user-class; }`, `1:29: a second match in a class`},
		{"class by a constant", `class "a" { match "x"; }`, `1:19: a class by what is the same for all`},
		{"spawned classes", `class "a" { match if true ; spawn with option user-class; }`, `1:29: spawn with option is not supported`},
		{"class with a limit", `class "a" { match if true ; lease limit 4; }`, `1:29: lease limit 4 is not supported`},
		{"match in a subclass", `class "a" { match hardware; } subclass "a" 1:2 { match if true ; }`, `1:50: match that is not in a class`},
		{"subclass of a condition", `class "a" { match if true ; } subclass "a" 1:2;`, `1:40: there is no class "a" that tells subclasses apart`},
		{"subclass by a number", `class "a" { match option host-name; } subclass "a" 7;`, `1:52: "7" is a number, which no option equals`},
		{"subclass in a pool", in(`pool { range 10.0.0.20; subclass "a" 1:2; }`), `3:25: a subclass in another block`},
		{"subclass without a value", `class "a" { match hardware; } subclass "a";`, `1:31: a subclass has the name of its class in quotes and one value`},
		{"address in a condition", "if known { fixed-address 10.0.0.1; }", `1:12: fixed-address is not supported in a condition or a class`},

		{"match outside", "match if exists user-class;", `1:1: match that is not in a class`},

		{"condition without end", arch + "if option arch = { }", `2:16: the end of the condition where a value should be`},
		{"condition without comparison", arch + "if option arch { }", `2:11: the end of the condition where = or != should be`},
		{"condition with more", arch + "if option arch = 00:07 00:08 { }", `2:24: unexpected "00:08" in a condition`},
		{"condition with a number", arch + "if option arch = 7 { }", `2:18: "7" is a number, which no option equals`},
		{"not without parentheses", arch + "if not option arch = 00:07 { }", `2:8: not before "option"`},
		{"and beside or", "if exists user-class and exists user-class or exists user-class { }", `1:44: "or" beside "and"`},
		{"pattern", `if option user-class ~= "x" { }`, `1:22: patterns are not supported`},
		{"two options", `if option host-name = option domain-name { }`, `1:21: a comparison of two constants or of two options is not supported`},
		{"condition by program", `if gethostname() = "a" { }`, `1:4: "gethostname" is not supported in a condition`},
		{"zeros of binary-to-ascii", `if binary-to-ascii(16, 8, ":", hardware) = "01:02" { }`, `1:44: binary-to-ascii never gives "01:02"`},
		{"capitals of lcase", `if lcase(option host-name) = "A" { }`, `1:30: what lcase() gives has no capitals as in "A"`},
		{"small letters of ucase", `if ucase(option host-name) = "a" { }`, `1:30: what ucase() gives has no small letters as in "a"`},
		{"nothing of an option", `if substring(option host-name, 0, 0) = "" { }`, `1:4: a substring that is always empty`},
		{"suffix of a part", `if suffix(substring(option host-name, 0, 4), 2) = "ab" { }`, `1:4: suffix of this is not supported`},
		{"joined options", `if concat("a", option host-name) = "ab" { }`, `1:16: concat of anything but constants is not supported`},
		{"suboption of no option", `option space x; option x.a code 1 = text; if exists x.a { }`, `1:53: option space x is in no option`},
		{"number of many bits", `if extract-int(option pxe-system-type, 16) = 65536 { }`, `1:46: "65536" is not a number of 16 bits`},
		{"condition about an unknown option", `if option arch = 0:7 { }`, `1:11: option "arch" is not known`},
		{"deep condition", "if " + strings.Repeat("(", 40) + " { }", `1:36: a condition that is more than 32 deep`},

		{"included file missing", `include "b.conf";`, `1:9: open b.conf: file does not exist`},
		{"include of nothing", `include;`, `1:1: include needs the name of a file`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := judged(files{"a.conf": tt.text})
			var want []string
			for line := range strings.SplitSeq(tt.want, "\n") {
				want = append(want, "a.conf:"+line)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIncludes(t *testing.T) {
	loop := files{"a.conf": `include "a.conf";`}
	if errs, _ := judged(loop); len(errs) != 1 || !strings.Contains(errs[0], "more than 8 deep") {
		t.Errorf("a loop: %v", errs)
	}
	wide := files{"a.conf": strings.Repeat(`include "b.conf";`, 50), "b.conf": strings.Repeat(`include "c.conf";`, 50), "c.conf": ""}
	if errs, _ := judged(wide); len(errs) != 1 || !strings.Contains(errs[0], "more than 1000 files") {
		t.Errorf("very many: %v", errs)
	}
	if errs, _ := judged(files{"a.conf": strings.Repeat("#", maxBytes+1)}); len(errs) != 1 || !strings.Contains(errs[0], "4 MiB") {
		t.Errorf("very large: %v", errs)
	}
	deep := files{"a.conf": `include "d/b.conf";`, "d/b.conf": `include "c.conf";` + in("bad;"), "d/c.conf": "not authoritative;"}
	if errs, _ := judged(deep); len(errs) != 1 || errs[0] != `d/b.conf:3:1: "bad" is not supported` {
		t.Errorf("in a folder: %v", errs)
	}
}

func TestTakenWithWarning(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing to say", "ddns-update-style none; allow booting; get-lease-hostnames false; not authoritative;;" + in(""), ""},
		{"logs", "log-facility local7;" + in(""), "1:1: lines go to standard error; systemd or a pipe takes them from there"},
		{"lease cut", "default-lease-time 100; max-lease-time 60;" + in(""), "1:1: a lease lasts no longer than max-lease-time, 1m"},
		{"a UEFI program alone", in(`filename "shimx64.efi";`), "3:1: shimx64.efi is a UEFI program: BIOS machines get no file"},
		{"HTTP Boot without a URL", arch + in(`if option arch = 00:10 { filename "x.efi"; }`), "4:26: x64 UEFI HTTP Boot machines get no file: they need a URL"},
		{"a space that nothing sends", "option space x; option x.a code 1 = text;" + in(`option x.a "t";`), "3:1: option x.a is sent nowhere: neither vendor-option-space nor encapsulate names the option space x"},
		{"a host by two names", in("host a { hardware ethernet 2:0:0:0:0:1; uid \"x\"; }"), "3:1: host a is known by its MAC; its client identifier is not looked at"},
		{"one machine as two hosts", "use-host-decl-names on;" + in("") + "subnet 10.0.1.0 netmask 255.255.255.0 { }" +
			"\nhost a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.1; }\nhost b { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.1.1; }",
			"6:1: host b is one machine with another host, and has its name, a"},
		{"lease queries", "allow leasequery;" + in(""), "1:1: questions about leases (RFC 4388) are not answered"},
		{"wishes", in("option dhcp-parameter-request-list = concat(option dhcp-parameter-request-list, d0);"),
			"3:1: options that boot loaders need are sent unasked, all others to clients that ask for them"},
		{"another subnet", in("") + "\nsubnet 10.9.0.0 netmask 255.255.0.0 { }",
			"5:1: subnet 10.9.0.0/16 has no addresses to give: its machines are not answered"},
	}
	for _, tt := range tests {
		errs, got := judged(files{"a.conf": tt.text})
		var want []string
		if tt.want != "" {
			want = []string{"a.conf:" + tt.want}
		}
		if diff := cmp.Diff(want, got); diff != "" || errs != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, errs, diff)
		}
	}
}
