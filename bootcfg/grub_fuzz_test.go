package bootcfg

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/fault"
)

// What GRUB writes, the parser reads back: each entry with its title, name,
// files and arguments, and the same default.
func FuzzGRUBRoundTrip(f *testing.F) {
	addMenus(f)
	f.Fuzz(func(t *testing.T, text string, tame bool) {
		m := menuFrom(text, tame)
		out, err := GRUB(m)
		if err != nil {
			return
		}
		c, err := ParseGRUB(out, GRUBEnv{})
		if err != nil || c.Warnings != nil {
			t.Fatalf("reading our own text: %v, %v\n%s", err, c.Warnings, out)
		}
		var want []GRUBEntry
		for _, e := range m.Entries {
			w := GRUBEntry{Title: e.grubTitle(), ID: e.Name, Choice: Choice{Label: e.Name, Type: TypeLocal}}
			if e.Local == nil {
				w.Choice.Type = TypeLinux
				if strings.HasSuffix(e.Kernel, ".efi") {
					w.Choice.Type = TypeNBP
				} else {
					w.Choice.Append = strings.Join(strings.Fields(e.Append), " ")
				}
				w.Choice.Kernel, _ = grubPath(e.Kernel)
				for _, initrd := range e.Initrds {
					path, _ := grubPath(initrd)
					w.Choice.Initrds = append(w.Choice.Initrds, path)
				}
			}
			want = append(want, w)
		}
		if diff := cmp.Diff(want, c.Entries, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("entries (-menu +parsed):\n%s\n%s", diff, out)
		}
		choice, err := c.DefaultEntry()
		if err != nil || choice.Label != m.Default {
			t.Errorf("%q boots (%v), want %q\n%s", choice.Label, err, m.Default, out)
		}
		if waits := m.grubTimeout() < 0; choice.Waits != waits || c.Timeout < m.Timeout {
			t.Errorf("waits %v for %v, menu says %v\n%s", choice.Waits, c.Timeout, m.Timeout, out)
		}
	})
}

// Whatever the script, reading it ends, errors are problems of known faults,
// and text that is quoted comes out as it went in.
func FuzzParseGRUB(f *testing.F) {
	f.Add("set default=1\n"+twoEntries, "source /x\n")
	f.Add("if [ -e /x ]; then menuentry a { linux /k; }; else function f { f; }; fi; f", "}\nfi\n{ {")
	f.Add("submenu a { submenu b { menuentry c --id d { initrd /i } } }\ndefault='0>0>d'", "")
	f.Add("for x in 1; do while true; do done; until false; do\\\n done; done", "$")
	f.Add("menuentry \"a${b\" 'c' \\", "'\"\\")
	f.Add("menuentry a {\nlinuxx /k\n", "\uFEFFset a='")
	f.Add("source /x; regexp --set 1:root a b; menuentry x { linux $root/k $1 $@ ${} }", "linux ($root)/k\nboot")
	f.Fuzz(func(t *testing.T, script, other string) {
		reads := 0
		c, err := ParseGRUB([]byte(script), GRUBEnv{
			Vars: map[string]string{"prefix": other},
			Read: func(string) ([]byte, error) {
				if reads++; reads%3 == 0 {
					return nil, errors.New("no")
				}
				return []byte(other), nil
			},
		})
		if err != nil {
			t.Fatalf("small script refused: %v", err)
		}
		if n := strings.Count(script, "menuentry") + strings.Count(script, "submenu"); reads == 0 && len(c.Entries) > n && !strings.ContainsAny(script, `'"\$`) && !strings.Contains(script, "function") {
			t.Errorf("%d entries from %d words", len(c.Entries), n)
		}
		choice, err := c.DefaultEntry()
		var problem *Problem
		if err != nil && !errors.As(err, &problem) {
			t.Errorf("error is no problem: %v", err)
		}
		if err == nil && choice.Type == TypeLocal && choice.Kernel != "" {
			t.Errorf("a local boot of a file: %+v", choice)
		}
		for _, w := range c.Warnings {
			if _, ok := fault.ByID(w.Fault); !ok || w.Detail == "" {
				t.Errorf("warning %+v", w)
			}
		}

		list, bad := parseGRUBScript("a " + quoteGRUB(script) + "; b")
		if bad != nil || len(list) != 2 || len(list[0].words) != 2 {
			t.Fatalf("quoted text breaks out: %v, %d statements", bad, len(list))
		}
		args, _ := newGRUBVars(nil).expand(list[0].words[1])
		if len(args) != 1 || args[0] != script {
			t.Errorf("quoted %q, read %q", script, args)
		}
	})
}
