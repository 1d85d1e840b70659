package dhcpdconf

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
)

// write writes statements in one form: a word a token, texts escaped, a block
// or a semicolon.
func write(b *strings.Builder, list []statement) {
	for _, s := range list {
		for _, w := range s.words {
			if w.kind == kindText {
				b.WriteByte('"')
				for i := range len(w.text) {
					b.WriteString(`\x` + string("0123456789abcdef"[w.text[i]>>4]) + string("0123456789abcdef"[w.text[i]&15]))
				}
				b.WriteString(`" `)
				continue
			}
			b.WriteString(w.text + " ")
		}
		if !s.hasBlock {
			b.WriteString(";\n")
			continue
		}
		b.WriteString("{\n")
		write(b, s.block)
		b.WriteString("}\n")
	}
}

func written(list []statement) string {
	var b strings.Builder
	write(&b, list)
	return b.String()
}

// FuzzRead reads any text. It is refused with a position inside of the text, or
// taken; what is taken is the same when it is written and read again, has a
// sound Config or a reason why not for each subnet, and warns of places that
// are there.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	f.Fuzz(func(t *testing.T, src string) {
		open := files{"a.conf": src}.open
		check := func(err error) {
			t.Helper()
			for _, part := range parts(err) {
				var e *Error
				if !errors.As(part, &e) || e.Hint == "" {
					t.Fatalf("an error without position or hint: %v", part)
				}
				checkPos(t, src, e.Pos)
			}
		}
		tree, err := (&parser{open: open}).file("a.conf", Pos{File: "a.conf", Line: 1, Column: 1}, 0, 0)
		check(err)
		if err == nil {
			once := written(tree)
			again, err := (&parser{open: files{"b.conf": once}.open}).file("b.conf", Pos{File: "b.conf", Line: 1, Column: 1}, 0, 0)
			if err != nil {
				t.Fatalf("what was written is refused: %v\n%s", err, once)
			}
			if diff := cmp.Diff(once, written(again)); diff != "" {
				t.Fatalf("(-once +again):\n%s", diff)
			}
		}
		file, err := Read("a.conf", open)
		check(err)
		if err != nil {
			return
		}
		r, err := file.Config()
		check(err)
		for _, w := range r.Warnings {
			checkPos(t, src, w.Pos)
		}
		if err != nil || len(r.Config.Subnets) == 0 {
			return
		}
		r.Config.Servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
		if err := r.Config.Validate(); err != nil {
			t.Fatalf("a Config that is not sound: %v", err)
		}
		for _, s := range r.Config.Subnets {
			for _, o := range s.Options {
				if dhcp.OwnOption(o.Code) {
					t.Fatalf("option %d is the server's", o.Code)
				}
			}
		}
	})
}

func checkPos(t *testing.T, src string, p Pos) {
	t.Helper()
	lines := strings.Split(src, "\n")
	if p.File != "a.conf" || p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
		t.Fatalf("a position outside of the text: %s", p)
	}
}
