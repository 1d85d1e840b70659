package boot

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryArchNameParsesBack(t *testing.T) {
	seen := map[Arch]string{}
	for _, name := range ArchNames() {
		a, err := ParseArch(name)
		if err != nil {
			t.Errorf("ParseArch(%q): %v", name, err)
			continue
		}
		if a.String() != name {
			t.Errorf("ParseArch(%q) = %d, which is called %q", name, a, a)
		}
		if other, ok := seen[a]; ok {
			t.Errorf("%q and %q are both %d", other, name, a)
		}
		seen[a] = name
	}
	// IANA "Processor Architecture Types" has 0 to 41 without a gap.
	for a := Arch(0); a <= ArchRPiBoot; a++ {
		if _, ok := seen[a]; !ok {
			t.Errorf("no name for architecture %d", uint16(a))
		}
	}
	if len(seen) != int(ArchRPiBoot)+1 {
		t.Errorf("%d architectures, want %d", len(seen), ArchRPiBoot+1)
	}
}

func TestParseArch(t *testing.T) {
	tests := []struct {
		in   string
		want Arch
		fail bool
	}{
		{in: "bios", want: ArchBIOS},
		{in: " EFI-x64 ", want: ArchEFIX64},
		{in: "7", want: ArchEFIX64},
		{in: "0x0b", want: ArchEFIARM64},
		{in: "arch-77", want: 77},
		{in: "65535", want: 65535},
		{in: "65536", fail: true},
		{in: "-1", fail: true},
		{in: "", fail: true},
		{in: "x86", fail: true},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseArch(tt.in)
			if (err != nil) != tt.fail {
				t.Fatalf("ParseArch(%q): error %v, want failure %v", tt.in, err, tt.fail)
			}
			if got != tt.want {
				t.Errorf("ParseArch(%q) = %d, want %d", tt.in, got, tt.want)
			}
		})
	}
}

func TestArchFamilies(t *testing.T) {
	type family struct {
		Platform Platform
		HTTP     bool
		Base     Arch
		Known    bool
	}
	tests := map[Arch]family{
		ArchBIOS:        {PlatformBIOS, false, ArchBIOS, true},
		ArchEFIX64:      {PlatformUEFI, false, ArchEFIX64, true},
		ArchHTTPX64:     {PlatformUEFI, true, ArchEFIX64, true},
		ArchHTTPEBC:     {PlatformUEFI, true, ArchEFIBC, true},
		ArchHTTPARM64:   {PlatformUEFI, true, ArchEFIARM64, true},
		ArchHTTPRISCV64: {PlatformUEFI, true, ArchEFIRISCV64, true},
		ArchHTTPLoong64: {PlatformUEFI, true, ArchEFILoong64, true},
		ArchHTTPBIOS:    {PlatformBIOS, true, ArchBIOS, true},
		ArchUBootARM64:  {PlatformUBoot, false, ArchUBootARM64, true},
		ArchRPiBoot:     {PlatformOther, false, ArchRPiBoot, true},
		77:              {PlatformOther, false, 77, false},
	}
	for a, want := range tests {
		got := family{a.Platform(), a.HTTP(), a.Base(), a.Known()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", a, diff)
		}
	}
	for _, name := range ArchNames() {
		a, _ := ParseArch(name)
		if a.Base().HTTP() {
			t.Errorf("the base of %s is %s, which boots over HTTP as well", a, a.Base())
		}
		if a.Base().Platform() != a.Platform() {
			t.Errorf("%s and its base %s are of different platforms", a, a.Base())
		}
	}
	if got := ArchEFIX64.Title(); got != "x64 UEFI" {
		t.Errorf("Title of efi-x64 = %q", got)
	}
	if got := Arch(77).String(); got != "arch-77" {
		t.Errorf("name of 77 = %q", got)
	}
	names := map[Platform]string{PlatformBIOS: "BIOS", PlatformUEFI: "UEFI", PlatformUBoot: "U-Boot", PlatformOther: "other"}
	for p, want := range names {
		if p.String() != want {
			t.Errorf("platform %d is %q, want %q", p, p, want)
		}
	}
	if got := Arch(77).Title(); got != "unknown architecture 77" {
		t.Errorf("Title of 77 = %q", got)
	}
}
