package dhcp

import (
	"path/filepath"
	"testing"
	"time"

	"pxe/boot"
	"pxe/dhcp/once"
)

// TestOnce takes a machine through its one boot: its boot loaders are all told
// what to boot until an operating system asks, after that it gets its disk, until
// it is armed again.
func TestOnce(t *testing.T) {
	for _, proxy := range []bool{false, true} {
		cfg := fullConfig()
		cfg.Rules = []Rule{{Name: "once", Settings: Settings{Once: true}}}
		cfg.Proxy = proxy
		s := newServer(t, cfg)
		path := filepath.Join(t.TempDir(), "once")
		var err error
		if s.Once, err = once.Open(path); err != nil {
			t.Fatal(err)
		}
		now := testStart
		boots := func(kind boot.Kind) (file string, local bool) {
			t.Helper()
			is := machineOf(boot.ArchEFIX64, kind)
			offer := s.Decide(Request{Message: Sample(is, TypeDiscover), Src: fromZero, Dst: toAll}, now)
			last := offer
			if offer.Reply != nil && !proxy {
				m := Sample(is, TypeRequest)
				m.Options = append(m.Options, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, offer.Reply.YIAddr))
				last = s.Decide(Request{Message: m, Src: fromZero, Dst: toAll}, now)
			}
			if err := s.sync(now); err != nil {
				t.Fatal(err)
			}
			if last.Reply == nil {
				return "", false
			}
			if last.Reply.File != offer.Reply.File {
				t.Errorf("OFFER %q, ACK %q", offer.Reply.File, last.Reply.File)
			}
			opts, _ := ParsePXEOptions(last.Reply.Options.Get(OptionVendorSpecific))
			menu, _ := opts.Menu()
			return last.Reply.File, len(menu) == 1 && menu[0].Type == 0
		}
		want := func(kind boot.Kind, file string, local bool) {
			t.Helper()
			if f, l := boots(kind); f != file || l != local {
				t.Errorf("proxy %t: %s gets %q, disk %t, want %q, %t", proxy, kind, f, l, file, local)
			}
		}
		want(boot.KindPXE, "bootx64.efi", false)
		want(boot.KindPXE, "bootx64.efi", false) // it failed, and tries again
		if proxy {
			now = now.Add(once.Window + time.Second) // a proxy does not hear the system
		} else {
			boots(boot.KindPlain)
		}
		want(boot.KindPXE, "", true)
		if _, err := once.Arm(path, mac(clientMAC)); err != nil {
			t.Fatal(err)
		}
		s.refreshOnce(now)
		want(boot.KindPXE, "bootx64.efi", false)
	}
}
