package leasefile

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse checks that of any file, in each format, what was read is plain and
// within the file, and reads the same when it is written down in that format.
func FuzzParse(f *testing.F) {
	for _, text := range []string{iscFile, dnsmasqFile, keaFile, ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for format, write := range map[Format]func(Record) string{ISC: writeISC, Dnsmasq: writeDnsmasq, Kea: writeKea} {
			file, _, err := Parse(strings.NewReader(text), format)
			if err != nil {
				continue
			}
			var again strings.Builder
			if format == Kea {
				again.WriteString("state,address,hwaddr,client_id,valid_lifetime,expire,hostname\n")
			}
			for i, r := range file.Records {
				if !r.Addr.Is4() || r.Line < 1 || r.Line > lines || len(r.Name) > 255 || len(r.ClientID) > 255 || len(r.HWAddr) > maxHWAddr ||
					r.Expires.Unix() > maxUnix || i > 0 && !file.Records[i-1].Addr.Less(r.Addr) {
					t.Fatalf("%s: %+v", format, r)
				}
				again.WriteString(write(r))
			}
			for _, l := range file.LeftOut {
				if l.Line < 1 || l.Line > lines || l.Reason == "" {
					t.Fatalf("%s: left out %+v of %d lines", format, l, lines)
				}
			}
			twin, _, err := Parse(strings.NewReader(again.String()), format)
			if err != nil || len(twin.LeftOut) > 0 {
				t.Fatalf("%s: %v, left out %+v of\n%s", format, err, twin.LeftOut, again.String())
			}
			for i := range twin.Records {
				twin.Records[i].Line = file.Records[i].Line
			}
			if diff := cmp.Diff(file.Records, twin.Records, cmpAddr); diff != "" {
				t.Fatalf("%s (-read +written and read):\n%s\n%s", format, diff, again.String())
			}
		}
	})
}

func octal(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\%03o`, s[i])
	}
	return `"` + b.String() + `"`
}

func writeISC(r Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "lease %s {", r.Addr)
	if r.Expires.IsZero() {
		b.WriteString("ends never;")
	} else {
		fmt.Fprintf(&b, "ends epoch %d;", r.Expires.Unix())
	}
	if r.Over != "" {
		fmt.Fprintf(&b, "binding state %s;", octal(r.Over))
	}
	if len(r.HWAddr) > 0 {
		fmt.Fprintf(&b, "hardware unknown-%d %s;", r.HType, r.HWAddr)
	}
	if r.ClientID != nil {
		fmt.Fprintf(&b, "uid %s;", octal(string(r.ClientID)))
	}
	fmt.Fprintf(&b, "client-hostname %s;}\n", octal(r.Name))
	return b.String()
}

// orStar is how dnsmasq writes what there is none of.
func orStar(s string) string {
	if s == "" {
		return "*"
	}
	return s
}

func writeDnsmasq(r Record) string {
	end := int64(0)
	if !r.Expires.IsZero() {
		end = r.Expires.Unix()
	}
	return fmt.Sprintf("%d %02x-%s %s %s %s\n", end, r.HType, r.HWAddr, r.Addr, orStar(r.Name), orStar(net.HardwareAddr(r.ClientID).String()))
}

func writeKea(r Record) string {
	name := strings.NewReplacer("&", "&#x26", ",", "&#x2c", "\n", "&#x0a", "\r", "&#x0d").Replace(r.Name)
	if strings.HasSuffix(name, ".") {
		name += "."
	}
	life, state := "1", ""
	for number, word := range keaStates {
		if word == r.Over && number != "0" {
			state = number
		}
	}
	end := "0"
	if r.Over == "deleted" {
		life = "0"
	}
	if r.Expires.IsZero() {
		life = keaInfinite
	} else {
		end = fmt.Sprint(r.Expires.Unix())
	}
	return fmt.Sprintf("%s,%s,%s,%s,%s,%s,%s\n", state, r.Addr, r.HWAddr, net.HardwareAddr(r.ClientID), life, end, name)
}
