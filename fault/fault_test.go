package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// constants reads the exported IDs out of id.go: name to value.
func constants(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "id.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		id, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		ids[spec.Names[0].Name] = id
		return true
	})
	return ids
}

func TestEveryIDIsInTheCatalogueOnce(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	count := map[string]int{}
	for _, f := range All() {
		count[f.ID]++
	}
	ids := constants(t)
	for name, id := range ids {
		if !slug.MatchString(id) {
			t.Errorf("%s: %q is no slug", name, id)
		}
		if count[id] != 1 {
			t.Errorf("%s: %q is in the catalogue %d times", name, id, count[id])
		}
	}
	if len(ids) != len(count) {
		t.Errorf("%d constants for %d faults", len(ids), len(count))
	}
}

func TestByID(t *testing.T) {
	f, ok := ByID(NoOffer)
	if !ok || f.ID != NoOffer || f.Title == "" {
		t.Errorf("ByID(NoOffer) = %+v, %v", f, ok)
	}
	if f, ok := ByID("no-such-fault"); ok || f.ID != "" {
		t.Errorf("ByID of nothing = %+v, %v", f, ok)
	}
	all := All()
	all[0].Title = "changed"
	all[0].Causes[0] = "changed"
	if again := All(); again[0].Title == "changed" || again[0].Causes[0] == "changed" {
		t.Error("a caller changed the catalogue")
	}
}

func TestStyle(t *testing.T) {
	sentence := func(s string) bool {
		first, _ := utf8.DecodeRuneInString(s)
		return strings.HasSuffix(s, ".") && (unicode.IsUpper(first) || unicode.IsDigit(first) || startsWithName(s))
	}
	for _, f := range All() {
		first, _ := utf8.DecodeRuneInString(f.Title)
		if f.Title == "" || strings.HasSuffix(f.Title, ".") || strings.Contains(f.Title, "\n") ||
			unicode.IsUpper(first) && !startsWithName(f.Title) {
			t.Errorf("%s: title %q", f.ID, f.Title)
		}
		if !sentence(f.Means) || !sentence(f.Remedy) {
			t.Errorf("%s: means %q, remedy %q", f.ID, f.Means, f.Remedy)
		}
		if len(f.Causes) == 0 || len(f.Sources) == 0 {
			t.Errorf("%s: no causes or no sources", f.ID)
		}
		for _, c := range f.Causes {
			if !sentence(c) {
				t.Errorf("%s: cause %q", f.ID, c)
			}
		}
		for _, s := range f.Sources {
			if s == "" || strings.HasSuffix(s, ".") {
				t.Errorf("%s: source %q", f.ID, s)
			}
		}
		for _, shown := range []string{f.BIOS, f.UEFI, f.Loader, f.GRUB, f.IPXE} {
			if shown != strings.TrimSpace(shown) {
				t.Errorf("%s: shown text has blanks around it: %q", f.ID, shown)
			}
		}
		for _, s := range append([]string{f.Title, f.Means, f.Remedy}, f.Causes...) {
			if strings.Contains(s, "  ") || strings.ContainsAny(s, "\n\t") {
				t.Errorf("%s: layout in %q", f.ID, s)
			}
		}
	}
}

// startsWithName allows proper names and acronyms where case would be wrong.
func startsWithName(s string) bool {
	for _, name := range []string{"DHCP", "GRUB", "PXELINUX", "SYSLINUX", "UEFI", "iPXE", "shim", "libcom32.c32", "grub-script-check", "next-server", "pxelinux.cfg", "grub.cfg"} {
		if strings.HasPrefix(s, name) {
			return true
		}
	}
	return false
}

// Every code that firmware prints for a failed boot leads to a fault, under the
// firmware that prints it.
func TestFirmwareCodesAreCovered(t *testing.T) {
	tests := []struct {
		name  string
		shown func(Fault) string
		codes string
	}{
		{"BIOS", func(f Fault) string { return f.BIOS },
			"E11 E32 E35 E36 E3B E3C E3F E51 E52 E53 E55 E61 E74 E76 E77 E78 E79 E7B M0F T01 T02"},
		{"UEFI", func(f Fault) string { return f.UEFI },
			"E05 E07 E12 E16 E18 E21 E22 E23 E53 E99"},
	}
	for _, tt := range tests {
		for _, code := range strings.Fields(tt.codes) {
			found := false
			for _, f := range All() {
				found = found || strings.Contains(tt.shown(f), "PXE-"+code+":")
			}
			if !found {
				t.Errorf("%s: no fault shows PXE-%s", tt.name, code)
			}
		}
	}
}

// The texts that people search for lead to the fault that they are about.
func TestKnownTexts(t *testing.T) {
	tests := []struct {
		text string
		id   string
	}{
		{"PXE-E52", ProxyWithoutDHCP},
		{"PXE-E55", BootServerSilent},
		{"PXE-E79", NBPTooBig},
		{"PXE-E79", EFINBPForBIOS},
		{"PXE-E7B", NextServerMissing},
		{"only HTTPS connection is allowed", HTTPNeedsTLS},
		{"Invalid URI address", BootFileNotURL},
		{"TLS session connection failed", HTTPBadTLS},
		{"404 Not Found", HTTPNotFound},
		{"Resource Redirected", HTTPRedirect},
		{"Access Denied", NBPNotSigned},
		{"(0x1A) Security Violation", ShimSecondStageRefused},
		{"start_image() returned Not Found", ShimSecondStageMissing},
		{"Failed to load ldlinux.c32", LdlinuxMissing},
		{"not a COM32R image", ModuleMismatch},
		{"Unable to locate configuration file", ConfigNotFound},
		{"No DEFAULT or UI", ConfigNoDefault},
		{"grub>", GRUBConfigNotFound},
		{"time out opening", GRUBWantsOACK},
		{"can't find command", GRUBUnknownCommand},
		{"`{name}' not found", KernelMissing},
		{"Nothing to boot", NoBootFile},
		{"`serverip' not set", NextServerMissing},
		{"Unable to mount root fs", InitrdMissing},
	}
	for _, tt := range tests {
		f, _ := ByID(tt.id)
		if !strings.Contains(strings.Join([]string{f.BIOS, f.UEFI, f.Loader, f.GRUB, f.IPXE}, "\n"), tt.text) {
			t.Errorf("%s does not show %q", tt.id, tt.text)
		}
	}
}

func TestShown(t *testing.T) {
	f := Fault{BIOS: "bios", UEFI: "uefi {name}", Loader: "no {name}, {name}", GRUB: "grub"}
	for _, tt := range []struct {
		on         Screen
		name, want string
	}{
		{OnBIOS, "linux", "bios"},
		{OnUEFI, "", "uefi ..."},
		{OnLoader, "linux", "no linux, linux"},
		{OnGRUB, "linux", "grub"},
		{OnIPXE, "linux", ""},
	} {
		if got := f.Shown(tt.on, tt.name); got != tt.want {
			t.Errorf("Shown(%d, %q) = %q, want %q", tt.on, tt.name, got, tt.want)
		}
	}
}
