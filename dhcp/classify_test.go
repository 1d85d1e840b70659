package dhcp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
)

func TestClassify(t *testing.T) {
	class := func(s string) RawOption { return textOption(OptionVendorClass, s) }
	arch := func(b ...byte) RawOption { return RawOption{OptionClientArch, b} }
	tests := []struct {
		name string
		opts []RawOption
		want boot.Machine
	}{
		{"plain", []RawOption{{OptionParameterList, []byte{1, 3, 6}}}, boot.Machine{}},
		{"GRUB, which says nothing", nil, boot.Machine{Kind: boot.KindGRUB}},
		{"BIOS ROM", biosOptions(), boot.Machine{HasArch: true, Kind: boot.KindPXE, VendorClass: "PXEClient:Arch:00000:UNDI:002001", UUID: testUUID()[1:]}},
		{"EDK2", []RawOption{class("PXEClient:Arch:00007"), arch(0, 7)}, boot.Machine{Arch: 7, HasArch: true, Kind: boot.KindPXE, VendorClass: "PXEClient:Arch:00007"}},
		{"HTTP Boot", httpOptions(), boot.Machine{Arch: 16, HasArch: true, Kind: boot.KindHTTP, VendorClass: "HTTPClient:Arch:00016:UNDI:003000"}},
		{"iPXE by its plain user class", []RawOption{class("PXEClient"), textOption(OptionUserClass, "iPXE")}, boot.Machine{Kind: boot.KindIPXE, VendorClass: "PXEClient", UserClass: "iPXE"}},
		{"iPXE by a user class of RFC 3004", []RawOption{textOption(OptionUserClass, "\x04iPXE\x03abc")}, boot.Machine{Kind: boot.KindIPXE, UserClass: "iPXE"}},
		{"iPXE by option 175", []RawOption{{OptionIPXE, []byte{19, 1, 1}}}, boot.Machine{Kind: boot.KindIPXE}},
		{"U-Boot", []RawOption{class("U-Boot.armv8"), arch(0, 22)}, boot.Machine{Arch: 22, HasArch: true, Kind: boot.KindUBoot, VendorClass: "U-Boot.armv8"}},
		{"several architectures", []RawOption{arch(0x12, 0x34, 0, 11)}, boot.Machine{Arch: 11, HasArch: true}},
		{"several unknown architectures", []RawOption{arch(0x12, 0x34, 0x12, 0x35)}, boot.Machine{Arch: 0x1234, HasArch: true}},
		{"half an architecture", []RawOption{arch(7)}, boot.Machine{}},
		{"option 93 over option 60", []RawOption{class("PXEClient:Arch:00000:UNDI:002001"), arch(0, 7)}, boot.Machine{Arch: 7, HasArch: true, Kind: boot.KindPXE, VendorClass: "PXEClient:Arch:00000:UNDI:002001"}},
		{"architecture in option 60", []RawOption{class("PXEClient:Arch:00009:UNDI:003016")}, boot.Machine{Arch: 9, HasArch: true, Kind: boot.KindPXE, VendorClass: "PXEClient:Arch:00009:UNDI:003016"}},
		{"nonsense in option 60", []RawOption{class("PXEClient:Arch:x:")}, boot.Machine{Kind: boot.KindPXE, VendorClass: "PXEClient:Arch:x:"}},
		{"a UUID of another type", []RawOption{{OptionClientUUID, append([]byte{1}, testUUID()[1:]...)}}, boot.Machine{}},
		{"a short UUID", []RawOption{{OptionClientUUID, make([]byte, 16)}}, boot.Machine{}},
		{"empty options", []RawOption{class(""), {OptionUserClass, nil}, arch()}, boot.Machine{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.MAC, tt.want.HWType = mac(clientMAC), HTypeEthernet
			got, err := Classify(ask(TypeDiscover, tt.opts...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestKey(t *testing.T) {
	id := []byte("\xff\x00\x00\x00\x01duid")
	ib := with(ask(TypeDiscover, RawOption{OptionClientID, id}), func(m *Message) { m.HType, m.CHAddr = HTypeInfiniBand, nil })
	if _, err := Classify(ib); err != nil {
		t.Errorf("InfiniBand with option 61: %v", err)
	}
	if got := string(keyOf(ib, false)); got != string(id) {
		t.Errorf("InfiniBand has the key %x, want option 61", got)
	}
	ib.Options = ib.Options[:1]
	if _, err := Classify(ib); err == nil {
		t.Error("InfiniBand without option 61 is accepted")
	}
	plain := ask(TypeDiscover, RawOption{OptionClientID, id})
	if got, want := string(keyOf(plain, false)), "\x01\x52\x54\x00\x12\x34\x56"; got != want {
		t.Errorf("key %x, want %x", got, want)
	}
	if got := string(keyOf(plain, true)); got != string(id) {
		t.Errorf("key %x, want option 61", got)
	}
}
