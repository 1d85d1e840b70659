//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMapAgreesWithTftpdHPA asks both servers, with the same map file and the
// same tree, for the same names: each gives the same file or refuses with the
// same code, and where a rule has a message of its own, with the same message.
func TestMapAgreesWithTftpdHPA(t *testing.T) {
	root := files(t, map[string]string{
		"a": "a", "b": "b", "A": "A", "AB": "AB", "ab": "ab", "lo0": "lo0", "r1": "r1", "r2": "r2", "linux": "kernel",
		"boot/x64/bcd": "bcd", "a b": "blank", "h#h": "hash", "7F000001": "hex", "127.0.0.1": "dotted", "xaX": "xaX",
		"pxelinux.cfg/default": "menu", "pxelinux.cfg/01-52-54-00-12-34-56": "mine",
	})
	tests := []struct {
		rules string
		names []string // "PUT name" is an upload
	}{
		{"", []string{"a", "/a", "//a", "nope", "nope/a", "a/nope"}},
		{"# comment\n\n  r ^zz a   # and another\n", []string{"zz", "zzz", "/zz", "a"}},
		{"r ^/tftpboot/ /\nr ^tftpboot/ \n", []string{"/tftpboot/a", "tftpboot/b", "/tftpboot/nope", "tftpbootx/a"}},
		{`rg \\ /` + "\nri ^/?boot/x64/BCD$ boot/x64/bcd\n", []string{`\Boot\x64\BCD`, `boot\x64\bcd`, "/BOOT/X64/BCD", "BOOT/X65/BCD"}},
		{"ri ^LINUX$ linux\n", []string{"linux", "LINUX", "LiNuX", "xLINUX"}},
		{"r ^(.*)$ \\U\\1\n", []string{"a", "ab", "AB", "nope"}},
		{"r ^(.*)$ \\L\\1\n", []string{"A", "Ab", "LINUX"}},
		{"r ^(a)(b)$ \\U\\1\\E\\2\n", []string{"ab", "AB"}},
		{"r ^x$ \\x\nr ^i$ \\i\n", []string{"x", "i", "y"}},
		{"r ^sp$ a\\ b\nr ^ha$ h\\#h\nr ^q$ \\q\n", []string{"sp", "ha", "q"}},
		{"r ^a\\ b$ a\n", []string{"a b", "ab"}},
		{"r ^n \\9a\n", []string{"n", "nn"}},
		{"r x$\n", []string{"ax", "bx"}},
		{"re ^a$ b\nr ^b$ ab\n", []string{"a", "b"}},
		{"r ^a$ b\nr ^b$ ab\n", []string{"a", "b"}},
		{"~e ^z\nr ^a$ b\n", []string{"a", "za"}},
		{"~a ^(a|linux)$\n", []string{"a", "linux", "b"}},
		{"a ^secret\na ^b$ no\\ \\0\\ for\\ \\i\n", []string{"secret", "secret/x", "b", "a"}},
		{"a (a|ab)(c|bcd)(d*) <\\0>\n", []string{"abcd", "xabcdy", "a"}},
		{"G4r ^g$ a\nPa ^p$ kept\\ out\nP4a ^q$\nG6r ^h$ a\n6a ^b$\n", []string{"g", "h", "p", "q", "b", "PUT p", "PUT q"}},
		{"re a|ab A\n", []string{"ab", "a"}},
		{"r (a*)(b*)$ \\2\\1\n", []string{"ba", "ab", "b"}},
		{"rgi X a\n", []string{"x", "X", "xX"}},
		{"rg ^/ \n", []string{"//a", "///linux", "a"}},
		{`r [\]]q$ a` + "\nr []]$ b\n", []string{`\]q`, "]"}},
		{"r ^[[:upper:]]+[[:digit:]]{2,3}$ a\nr ^z{,2}$ b\n", []string{"AB12", "AB1", "ab12", "zz", "zzz"}},
		{`r \w+-\w+\b$ a` + "\n" + `r ^\s*\S$ b` + "\n" + `r \dd$ linux` + "\n", []string{"x-y", "x-", " b", "dd", "1d"}},
		{"s ^zz\nr ^b$ a\n", []string{"b"}},
		{"r ^zz$ a\nrs ^s(.*)$ \\1\nr ^r1$ r2\n", []string{"sr1", "ssr1", "r1", "sb"}},
		{"r ^zz$ a\ns .\n", []string{"a", "b"}}, // turns in a circle
		{strings.Repeat("r ^zz$ a\n", 1100), []string{"a"}},
		{`r ^/?.*/(pxelinux\.cfg/.*)$ \1` + "\n" + `re ^/?pxelinux\.cfg/01-(..)(-..){5}$ pxelinux.cfg/01-52-54-00-12-34-56` + "\n",
			[]string{"/x/pxelinux.cfg/default", "pxelinux.cfg/01-aa-bb-cc-dd-ee-ff", "pxelinux.cfg/01-aa"}},
	}
	theirs, ours := NewNet(t), NewNet(t)
	rules := filepath.Join(folder(t), "map")
	for _, tt := range tests {
		if err := os.WriteFile(rules, []byte(tt.rules), 0o644); err != nil {
			t.Fatal(err)
		}
		their := tftpdHPA(t, theirs, root, "--map-file", rules)
		our := serve(t, ours, "serve-tftp", root, "--map", rules)
		for _, name := range tt.names {
			compareAnswers(t, theirs, ours, tt.rules, name)
		}
		their.Stop()
		our.Stop()
	}
}

// compareAnswers asks both for one name.
func compareAnswers(t *testing.T, theirs, ours *Net, rules, name string) {
	t.Helper()
	op := byte(opRRQ)
	name, put := strings.CutPrefix(name, "PUT ")
	if put {
		op = opWRQ
	}
	their, theirMessage, from := askOnce(t, theirs, op, name)
	if from == "" {
		t.Errorf("%.60q: %q: tftpd-hpa does not answer", rules, name)
	}
	our, ourMessage, _ := askOnce(t, ours, op, name)
	if their != our {
		t.Errorf("%.60q: %q: tftpd-hpa answers %q, pxe %q", rules, name, their, our)
	}
	if theirMessage != ourMessage && their == "error 2" && !put {
		t.Errorf("%.60q: %q: tftpd-hpa says %q, pxe %q", rules, name, theirMessage, ourMessage)
	}
}

// askOnce asks from a new port, and ends the transfer.
func askOnce(t *testing.T, host *Net, op byte, name string) (answer, message, from string) {
	t.Helper()
	a := newAsker(t, host)
	defer a.conn.Close()
	answer, message, peer := a.ask("127.0.0.1", op, name, 10*time.Second)
	if peer == nil {
		return answer, message, ""
	}
	if message == "" {
		a.ack(peer)
	}
	return answer, message, peer.String()
}

// TestMapDiffersFromTftpdHPA pins what is known to differ. After an s rule
// tftpd-hpa 5.2 goes on with the second rule, though its manual says the first;
// and a backslash that is left in a name is a slash for pxe, as Windows has it.
func TestMapDiffersFromTftpdHPA(t *testing.T) {
	root := files(t, map[string]string{"r1": "r1", "r2": "r2", `b\s`: "backslash", "b/s": "slash"})
	rules := filepath.Join(folder(t), "map")
	if err := os.WriteFile(rules, []byte("r ^r1$ r2\nrs ^q$ r1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	theirs, ours := NewNet(t), NewNet(t)
	tftpdHPA(t, theirs, root, "--map-file", rules)
	serve(t, ours, "serve-tftp", root, "--map", rules)
	for _, tt := range []struct{ name, their, our string }{
		{"q", "data r1", "data r2"},
		{`b\s`, "data backslash", "data slash"},
	} {
		if their := newAsker(t, theirs).get("127.0.0.1", tt.name); their != tt.their {
			t.Errorf("%s: tftpd-hpa answers %q: does it agree now?", tt.name, their)
		}
		if our := newAsker(t, ours).get("127.0.0.1", tt.name); our != tt.our {
			t.Errorf("%s: pxe answers %q", tt.name, our)
		}
	}
}
