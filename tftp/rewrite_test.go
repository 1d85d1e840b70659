package tftp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

var (
	client4 = netip.MustParseAddr("192.0.2.169")
	client6 = netip.MustParseAddr("2001:db8::1")
)

func TestRewrite(t *testing.T) {
	tests := []struct {
		rules, name, want string
		refused           string // the message; only with want == ""
	}{
		{"", "a", "a", ""},
		{"r ^/tftpboot/ /", "/tftpboot/linux", "/linux", ""},
		{"r ^[^/] /tftpboot/\\0", "linux", "/tftpboot/linux", ""},
		{`rg \\ /`, `\Boot\x64\BCD`, "/Boot/x64/BCD", ""},
		{"ri ^BOOT/ boot/", "Boot/x", "boot/x", ""},
		{"r ^.*$ \\U\\0", "a/b-ä", "A/B-ä", ""},
		{"r (.*)(C)(.*) \\U\\1\\L\\2\\E\\3x", "abCd\xff", "ABcd\xffx", ""},
		{"r ^x$ \\i", "x", "192.0.2.169", ""},
		{"r ^x$ \\x", "x", "C00002A9", ""},
		{"r ^ \\9\\q\\ \\#\\\\", "x", "q #\\x", ""},
		{"r g$", "ag", "a", ""},
		{"re a b\nr b c", "a", "b", ""},
		{"re a b\nr b c", "b", "c", ""},
		{"~e ^z\nr a b", "a", "a", ""},
		{"~e ^z\nr z b", "z", "b", ""},
		{"re ^r1 r2\nrs ^q r1", "q1", "r21", ""},
		{"G4r ^ 4\nP4r ^ p\nG6r ^ 6", "x", "4x", ""},
		{"r a|ab X", "abc", "Xc", ""},
		{"r a{,2}b X", "aaab", "aX", ""},
		{`r [\]]x y`, `\]x`, "y", ""},
		{`r []x]{2} y`, `]x`, "y", ""},
		{`r \d+ D`, "1dd", "1D", ""},
		{`r \w+\b W`, "-ab-", "-W-", ""},
		{`r \q\.\  y # comment`, "q. x", "yx", ""},
		{"# r a b\n\n  r a b#c", "a", "b", ""},
		{"a ^secret", "public", "public", ""},
		{"a ^secret", "secret", "", "Access denied"},
		{"a ^(s)ecret no\\ \\1\\ for\\ \\i:", "secret!", "", "no s for 192.0.2.169:!"},
		{"~a ^boot/ only\\ \\0boot", "etc", "", "only boot"},

		// What does not come to an end.
		{"s ^a", "b", "b", ""},
		{"s ^a", "a", "", "Remap table failure"},
		{"rg a a", "a", "", "Remap table failure"},
		{"rg ^ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", "", "Remap table failure"},
		{"rs a aa", "a", "", "Remap table failure"},
		{strings.Repeat("r ^z\n", maxRewriteSteps), "a", "a", ""},
		{strings.Repeat("r ^z\n", maxRewriteSteps+1), "a", "", "Remap table failure"},
	}
	for _, tt := range tests {
		rules, err := ParseRules(strings.NewReader(tt.rules), "map")
		if err != nil {
			t.Errorf("%.40q: %v", tt.rules, err)
			continue
		}
		got, err := rules.Rewrite(tt.name, OpRRQ, client4)
		var want error
		if tt.refused != "" {
			want = &Error{CodeAccess, tt.refused}
		}
		if got != tt.want || !sameError(err, want) {
			t.Errorf("%.40q: %q becomes %q, %v; want %q, %v", tt.rules, tt.name, got, err, tt.want, want)
		}
	}
}

// Which rules are for whom.
func TestRewriteByRequest(t *testing.T) {
	rules, err := ParseRules(strings.NewReader("Gr $ -get\nPr $ -put\n4r $ -4\n6r $ -\\x\n"), "map")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		op     Op
		client netip.Addr
		want   string
	}{
		{OpRRQ, client4, "f-get-4"},
		{OpWRQ, client4, "f-put-4"},
		{OpRRQ, netip.MustParseAddr("::ffff:192.0.2.1"), "f-get-4"},
		{OpWRQ, client6, "f-put-20010DB8000000000000000000000001"},
		{OpRRQ, client6.WithZone("eth0"), "f-get-20010DB8000000000000000000000001"},
	} {
		if got, err := rules.Rewrite("f", tt.op, tt.client); got != tt.want || err != nil {
			t.Errorf("%v by %v: %q, %v; want %q", tt.op, tt.client, got, err, tt.want)
		}
	}
}

func TestParseRulesSaysWhatIsWrong(t *testing.T) {
	for rules, want := range map[string]string{
		"r a b\nrz ^x a": `map:2: 'z' is no operation`,
		"x foo bar":      `map:1: 'x' is no operation`,
		"r":              "map:1: no expression after r",
		"r # x":          "map:1: no expression after r",
		"~r x a":         "map:1: ~r: r has nothing to replace under ~",
		"GP x":           "G and P exclude each other",
		"46 x":           "4 and 6 exclude each other",
		"r a b c":        `unexpected "c": a blank`,
		"r ( a":          "expression (: ",
		"r a) a":         "expression a): ",
		"r [a c":         "missing ]",
		"r [[:foo:]] y":  "invalid character class",
		"r [[.a.]] y":    "[. in brackets",
		"r [z-a] c":      "invalid character class range",
		"r x{2,1} a":     "invalid repeat count",
		"r a{0,40000} c": "invalid repeat count",
		"r a{1 b":        "missing }",
		"r a{x} b":       "{x} is no repetition",
		"r a*? b":        "? after a repetition",
		"r (?i)x y":      "(? is no group",
		`r (a)\1 x`:      `\1, a back reference`,
		`r \<a x`:        `use \b`,
		`r \'a x`:        "use ^ or $",
		`r a\`:           "a backslash at the end",
		"r a\x00 b":      "a NUL",
		"r \xff b":       "invalid UTF-8",
		"r +a b":         "missing argument",
		"r a b\nr a " + strings.Repeat("x", 1<<17):                          "map:2: larger than is taken here: a line of more than 65536 bytes",
		"r (a{255}){255} b":                                                 "larger than is taken here: ",
		"r " + strings.Repeat("(", 2000) + strings.Repeat(")", 2000) + " b": "larger than is taken here: ",
	} {
		_, err := ParseRules(strings.NewReader(rules), "map")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v, want %q", rules, err, want)
		}
	}
}

// Whatever the rules and the name, there is an end and a bound.
func FuzzRewrite(f *testing.F) {
	f.Add("rgi a b\nre ^(x)(.*) \\1\\U\\2\n", "xaab")
	f.Add("rs ^ \\i\\x\\\\\\#\\E\n~a z no\\ \\0", "/tftpboot/pxelinux.0")
	f.Add("a [^]\\[:alpha:]] \\9#", "\xff\x00")
	f.Add("r a{,3}\\w+\\. b", "aaaz.")
	f.Fuzz(func(t *testing.T, text, name string) {
		if len(name) > 512 { // a packet holds no more
			return
		}
		rules, err := ParseRules(strings.NewReader(text), "map")
		if err != nil {
			if rules != nil || !strings.HasPrefix(err.Error(), "map:") {
				t.Fatalf("%q: %v, %v", text, rules, err)
			}
			return
		}
		got, err := rules.Rewrite(name, OpRRQ, client4)
		switch {
		case err != nil && (got != "" || !errors.As(err, new(*Error))):
			t.Fatalf("%q: %q becomes %q, %v", text, name, got, err)
		case len(got) > max(maxRewriteBytes, len(name)):
			t.Fatalf("%q: %q becomes %d bytes", text, name, len(got))
		}
	})
}
