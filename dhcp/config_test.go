package dhcp

import (
	"testing"
	"time"

	"pxe/boot"
)

func TestLeaseTimes(t *testing.T) {
	tests := []struct {
		name           string
		normal, most   time.Duration
		least          time.Duration
		asked          uint32
		lease, t1, t2s uint32
	}{
		{"by default", 0, 0, 0, 0, 21600, 10800, 18900},
		{"as configured", time.Hour, 2 * time.Hour, 0, 0, 3600, 1800, 3150},
		{"as asked", time.Hour, 2 * time.Hour, 0, 5400, 5400, 2700, 4725},
		{"asked too much", time.Hour, 2 * time.Hour, 0, 9000, 7200, 3600, 6300},
		{"asked for ever", time.Hour, 2 * time.Hour, 0, 1<<32 - 1, 7200, 3600, 6300},
		{"asked too little", time.Hour, 2 * time.Hour, 0, 1, 120, 60, 105},
		{"asked for less than a short default", time.Minute, time.Hour, 0, 1, 60, 30, 52},
		{"no maximum below the default", 24 * time.Hour, 0, 0, 100000, 86400, 43200, 75600},
		{"not less than the least", time.Hour, 2 * time.Hour, 10 * time.Minute, 1, 600, 300, 525},
		{"less than two minutes", time.Hour, 2 * time.Hour, time.Minute, 1, 60, 30, 52},
		{"a default below the least", time.Minute, time.Hour, 10 * time.Minute, 0, 600, 300, 525},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := classic()
			cfg.Subnets[0].LeaseTime, cfg.Subnets[0].MaxLeaseTime, cfg.Subnets[0].MinLeaseTime = tt.normal, tt.most, tt.least
			m := ask(TypeDiscover)
			if tt.asked > 0 {
				m.Options = append(m.Options, uint32Option(OptionLeaseTime, tt.asked))
			}
			r := offered(t, newServer(t, cfg), m).Reply
			for code, want := range map[uint8]uint32{OptionLeaseTime: tt.lease, OptionRenewalTime: tt.t1, OptionRebindingTime: tt.t2s} {
				if got, _ := r.Options.Uint32(code); got != want {
					t.Errorf("option %d is %d, want %d", code, got, want)
				}
			}
		})
	}
}

func TestBootFor(t *testing.T) {
	b := Boot{
		File: "pxelinux.0", IPXE: "http://192.0.2.1/boot.ipxe",
		FileFor: map[boot.Arch]string{
			boot.ArchEFIX64: "bootx64.efi", boot.ArchHTTPX64: "http://192.0.2.1/bootx64.efi", 77: "odd.efi",
		},
	}
	tests := []struct {
		name    string
		machine boot.Machine
		want    string
	}{
		{"BIOS", boot.Machine{HasArch: true, Kind: boot.KindPXE}, "pxelinux.0"},
		{"who does not say", boot.Machine{}, "pxelinux.0"},
		{"x64 UEFI", boot.Machine{Arch: boot.ArchEFIX64, HasArch: true}, "bootx64.efi"},
		{"old x64 UEFI that says EBC", boot.Machine{Arch: boot.ArchEFIBC, HasArch: true}, "bootx64.efi"},
		{"UEFI without a file", boot.Machine{Arch: boot.ArchEFIARM64, HasArch: true}, ""},
		{"an unknown number", boot.Machine{Arch: 76, HasArch: true}, ""},
		{"an unknown number that is configured", boot.Machine{Arch: 77, HasArch: true}, "odd.efi"},
		{"HTTP Boot", boot.Machine{Arch: boot.ArchHTTPX64, HasArch: true, Kind: boot.KindHTTP}, "http://192.0.2.1/bootx64.efi"},
		{"HTTP Boot of an architecture with a TFTP file", boot.Machine{Arch: boot.ArchEFIX64, HasArch: true, Kind: boot.KindHTTP}, ""},
		{"iPXE", boot.Machine{HasArch: true, Kind: boot.KindIPXE}, "http://192.0.2.1/boot.ipxe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := b.For(tt.machine); got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
	b.IPXE = ""
	if got, _ := b.For(boot.Machine{HasArch: true, Kind: boot.KindIPXE}); got != "pxelinux.0" {
		t.Errorf("iPXE without a script of its own gets %q", got)
	}
}

// TestUnknownArchitecture checks that a machine that we do not know is told
// about, gets an address, and never the BIOS file.
func TestUnknownArchitecture(t *testing.T) {
	tests := []struct {
		arch boot.Arch
		want EventKind
	}{{4711, EventUnknownArch}, {boot.ArchEFIARM64, EventNoFile}}
	for _, tt := range tests {
		d := offered(t, newServer(t, fullConfig()), ask(TypeDiscover, efiOptions(tt.arch)...))
		if len(d.Events) != 2 || d.Events[0].Kind != tt.want {
			t.Errorf("arch %d: events %+v, want %s first", tt.arch, d.Events, tt.want)
		}
		r := d.Reply
		if r.File != "" || r.Options.Has(OptionBootFileName) || r.Options.Has(OptionVendorClass) || r.Options.Has(OptionVendorSpecific) {
			t.Errorf("arch %d: the offer has boot data: %+v", tt.arch, r)
		}
	}
}
