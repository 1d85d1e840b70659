package check

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// house says which of our packages each package may import, and why not more.
// A package that is not here has no place yet.
var house = map[string]struct {
	may []string
	why string
}{
	"boot":                  {nil, "the words that every part shares depend on no part"},
	"fault":                 {nil, "the catalogue is data"},
	"plainfile":             {nil, "a name in, an open file out, whatever is in it"},
	"dhcp/lease":            {[]string{"plainfile"}, "who holds which address knows no packets, sockets or clock"},
	"tftp":                  {nil, "the engine serves whatever it is given"},
	"tftp/tftptest":         {[]string{"tftp"}, "a misbehaving network for the tests of those who use tftp"},
	"share":                 {nil, "the install source serves whatever it is given"},
	"archive":               {nil, "an archive in, a tree of files out, whoever serves it"},
	"wire":                  {nil, "an Ethernet carries bytes and knows no protocol of ours"},
	"dhcp/once":             {[]string{"plainfile"}, "which machines had their boot knows no packets and no clock"},
	"dhcp":                  {[]string{"boot", "dhcp/lease", "dhcp/once"}, "DHCP hands out names of files; it neither serves nor reads them"},
	"dhcp/dhcpdconf":        {[]string{"boot", "dhcp", "dhcp/lease"}, "text in, a dhcp.Config out; files come from the caller"},
	"dhcp/dhcpyaml":         {[]string{"boot", "dhcp", "dhcp/lease"}, "text in, a dhcp.Config out, and the way back; files come from the caller"},
	"dhcp/leasefile":        {[]string{"dhcp/lease"}, "text in, leases out, whoever takes them over"},
	"bootcfg":               {[]string{"boot", "fault"}, "text in, text out; files come from the caller"},
	"fetch":                 {[]string{"tftp"}, "one URL to one writer"},
	"probe":                 {[]string{"boot", "bootcfg", "dhcp", "fault", "fetch", "tftp"}, "a client is given its network; of tftp it needs the words (options, errors)"},
	"vm":                    {[]string{"boot"}, "a machine is plugged into a socket, whatever is behind it"},
	"demo":                  {[]string{"boot", "bootcfg"}, "a boot tree is files, whoever serves it"},
	"cmd":                   {[]string{"archive", "boot", "bootcfg", "demo", "dhcp", "dhcp/dhcpdconf", "dhcp/dhcpyaml", "dhcp/lease", "dhcp/leasefile", "dhcp/once", "fault", "fetch", "plainfile", "probe", "share", "tftp", "vm", "wire"}, "siblings meet here"},
	"cmd/pxe":               {[]string{"cmd"}, "main returns what cmd.Main returns"},
	"scripts/lab":           {nil, "the lab runs the program as its users do"},
	"scripts/check":         {nil, "only tests"},
	"scripts/testsum":       {nil, "a tool of scripts/test"},
	"scripts/picture":       {nil, "a tool of the README"},
	"scripts/bench":         {[]string{"dhcp", "scripts/lab"}, "contestants are processes; dhcp writes the packets that ask them"},
	"scripts/bench/pintftp": {nil, "a contestant must be nothing but pin/tftp"},
}

// only says who may import a package that is not ours, by prefix, and why.
var only = []struct {
	path string
	by   []string
	why  string
}{
	{"github.com/spf13/", []string{"cmd"}, "libraries have no command line"},
	{"github.com/charmbracelet/", []string{"cmd", "scripts/picture"}, "only the command line knows the terminal"},
	{"github.com/muesli/", []string{"cmd", "scripts/picture"}, "only the command line knows the terminal"},
	{"github.com/mattn/", []string{"cmd", "scripts/picture"}, "only the command line knows the terminal"},
	{"golang.org/x/term", []string{"cmd", "scripts/picture"}, "only the command line knows the terminal"},
	{"github.com/insomniacslk/dhcp", []string{"dhcp"}, "its types must not become ours: its server half cannot do what we need"},
	{"github.com/pin/tftp/v3", []string{"scripts/bench/pintftp", "tftp"}, "the engine is ours; theirs is a contestant and a codec"},
	{"github.com/goccy/go-yaml", []string{"dhcp/dhcpyaml"}, "one strict reader of YAML"},
	{"gvisor.dev/gvisor", []string{"wire"}, "only the Ethernet knows which stack its hosts have"},
	{"github.com/prometheus/", []string{"cmd"}, "libraries emit events; cmd counts them"},
	{"github.com/gopacket/gopacket", []string{"wire"}, "frames are decoded in one place"},
	{"github.com/landlock-lsm/", []string{"cmd"}, "what a process may do is for the command to say"},
	{"kernel.org/pub/linux/libs/security/libcap/", []string{"cmd"}, "what a process may do is for the command to say"},
	{"log", []string{"cmd", "scripts/", "share"}, "libraries return values and emit events (http.Server can be silenced only with a logger)"},
	{"log/slog", []string{"cmd", "scripts/"}, "libraries return values and emit events"},
	{"flag", []string{"scripts/"}, "libraries have no command line, and cmd has cobra"},
	{"os/signal", []string{"cmd", "scripts/"}, "a library is told to end by its context"},
	{"testing", []string{}, "the product carries no test code"},
}

// stdlibOnly are packages that everything else may rest on.
var stdlibOnly = []string{"boot", "fault", "plainfile"}

type pkg struct {
	ImportPath string
	Imports    []string // without those of tests
	Standard   bool
	Error      *struct{ Err string }
}

func TestWhoImportsWhom(t *testing.T) {
	for _, p := range packages(t) {
		name := ours(p.ImportPath)
		rule, ok := house[name]
		if !ok {
			t.Errorf("%s has no place in the house: say in this test what it may import, and why", name)
			continue
		}
		for _, path := range p.Imports {
			if ours(path) != "" && !slices.Contains(rule.may, ours(path)) {
				t.Errorf("%s must not import %s: %s", name, ours(path), rule.why)
			}
			if slices.Contains(stdlibOnly, name) && strings.Contains(path, ".") {
				t.Errorf("%s must not import %s: it rests on the standard library alone", name, path)
			}
			for _, o := range only {
				if under(path, o.path) && !slices.ContainsFunc(o.by, func(by string) bool { return under(name, by) }) {
					t.Errorf("%s must not import %s: %s", name, path, o.why)
				}
			}
		}
	}
}

// TestHouseHasNoEmptyRooms keeps the table above from outliving its packages.
func TestHouseHasNoEmptyRooms(t *testing.T) {
	var there []string
	for _, p := range packages(t) {
		there = append(there, ours(p.ImportPath))
	}
	for name := range house {
		if !slices.Contains(there, name) {
			t.Errorf("%s is in the table and not in the repository", name)
		}
	}
}

// under tells whether path is prefix itself or lies in it. A prefix that ends in
// a slash stands for what lies in it.
func under(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}

// ours is the name of a package without the module's, "" for others' packages.
func ours(path string) string {
	name, ok := strings.CutPrefix(path, "pxe/")
	if !ok {
		return ""
	}
	return name
}

// packages lists the packages of this module.
func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Error", "pxe/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
