package dhcpyaml

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
)

// FuzzRead reads any text. It is refused, each fault with a line of the
// text and what to do; or it is taken, and then what is written of it reads back
// as the same.
func FuzzRead(f *testing.F) {
	var all bytes.Buffer
	if err := Write(&all, everything()); err != nil {
		f.Fatal(err)
	}
	f.Add(all.String())
	example, err := os.ReadFile("../../docs/serve-dhcp.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Add("subnets: {subnet: 192.0.2.0/24, ranges: 192.0.2.9, for: {test: {hardware: on, equals: 0x01}}}")
	f.Fuzz(func(t *testing.T, src string) {
		d, err := Read("a.yaml", []byte(src))
		for _, fault := range faults(err) {
			var e *dhcp.FileError
			if !errors.As(fault, &e) || e.Hint == "" {
				t.Fatalf("without a place or a hint: %v", fault)
			}
			// The parser's columns are off behind tabs.
			if lines := strings.Count(src, "\n") + strings.Count(src, "\r") + 1; e.Line < 1 || e.Line > lines || e.Column < 1 {
				t.Fatalf("a place outside of the text: %s", e.Pos)
			}
		}
		if err != nil {
			return
		}
		text := written(t, d)
		again, err := Read("b.yaml", text)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, text)
		}
		if diff := cmp.Diff(d, again, equal); diff != "" {
			t.Fatalf("(-read +again):\n%s\n%s", diff, text)
		}
		if twice := written(t, again); !bytes.Equal(text, twice) {
			t.Fatalf("written anew it differs:\n%s", cmp.Diff(string(text), string(twice)))
		}
		d.Config.Servers = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		if err := d.Config.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}
