package probe

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
	"pxe/fault"
)

// bootAnswer is a boot server's answer on port 4011.
func bootAnswer(edit ...func(*dhcp.Message)) script {
	return func(m *dhcp.Message) []dhcp.Message {
		return []dhcp.Message{answer(m, dhcp.TypeAck, append([]func(*dhcp.Message){noAddress, pxeClient(nil)}, edit...)...)}
	}
}

func silent(*dhcp.Message) []dhcp.Message { return nil }

// TestBootServer: who is sent to port 4011, and what comes of it. The stage
// after it asks for a file, whose name tells where the boot data came from.
func TestBootServer(t *testing.T) {
	var (
		plainAndProxy = func(edit ...func(*dhcp.Message)) script {
			return func(m *dhcp.Message) []dhcp.Message {
				if m.Type() == dhcp.TypeDiscover {
					return []dhcp.Message{
						answer(m, dhcp.TypeOffer),
						answer(m, dhcp.TypeOffer, append([]func(*dhcp.Message){noAddress}, edit...)...),
					}
				}
				return serves()(m)
			}
		}
		menu = func(control byte, more ...dhcp.RawOption) dhcp.PXEOptions {
			return append(dhcp.PXEOptions{dhcp.PXEControl(control)}, more...)
		}
		listed = dhcp.PXEServers(dhcp.BootServer{Type: 0x8001, Addrs: []netip.Addr{labServer}})
		item   = dhcp.PXEMenu(dhcp.MenuItem{Type: 0x8001, Text: "Install"})
		unlist = dhcp.ControlNoBroadcast | dhcp.ControlNoMulticast
	)
	type want struct {
		fault string
		file  string    // asked of the TFTP server
		stage Status    // of the boot-server stage
		in    StageName // where it stops, if not in nbp
	}
	ok := func(file string) want { return want{fault.BootFileMissing, file, StatusOK, ""} }
	none := func(file string) want { return want{fault.BootFileMissing, file, StatusNotNeeded, ""} }
	fails := func(id string) want { return want{id, "", StatusFailed, StageBootServer} }
	tests := map[string]struct {
		dhcp, boot script
		uefi, bios want
	}{
		"60 without 43, nothing on 4011": {serves(pxeClient(nil)), nil, fails(fault.BootServerSilent), fails(fault.BootServerSilent)},
		"60 without 43, file, nothing on 4011": {serves(pxeClient(nil), withFile("dhcp.0")), nil,
			fails(fault.BootServerSilent), none("dhcp.0")},
		"60 without 43, 4011 names the file": {serves(pxeClient(nil)), bootAnswer(withFile("boot.0")), ok("boot.0"), ok("boot.0")},
		"60 without 43, 4011 names no file":  {serves(pxeClient(nil)), bootAnswer(), fails(fault.BootServerNoFile), fails(fault.BootServerNoFile)},
		"60 without 43, boot server on another network": {serves(pxeClient(nil), nextServer("198.51.100.9")), nil,
			fails(fault.ServerUnreachable), fails(fault.ServerUnreachable)},
		"43.6=8 and a file":                       {serves(pxeClient(bootTags), withFile("dhcp.0")), nil, none("dhcp.0"), none("dhcp.0")},
		"43.6=8 without a file":                   {serves(pxeClient(bootTags)), nil, fails(fault.MenuMissing), fails(fault.MenuMissing)},
		"43.6=0 without a menu":                   {serves(pxeClient(menu(0)), withFile("x")), nil, fails(fault.MenuMissing), fails(fault.MenuMissing)},
		"proxy with 43.6=8":                       {plainAndProxy(pxeClient(bootTags), withFile("proxy.0")), nil, none("proxy.0"), none("proxy.0")},
		"proxy without 43":                        {plainAndProxy(pxeClient(nil)), bootAnswer(withFile("boot.0")), ok("boot.0"), ok("boot.0")},
		"proxy without 43, with file":             {plainAndProxy(pxeClient(nil), withFile("proxy.0")), bootAnswer(withFile("boot.0")), ok("boot.0"), none("proxy.0")},
		"proxy without 43, 4011 silent":           {plainAndProxy(pxeClient(nil)), silent, fails(fault.BootServerSilent), fails(fault.BootServerSilent)},
		"menu, server from the list":              {serves(pxeClient(menu(unlist, listed, item))), bootAnswer(withFile("boot.0")), ok("boot.0"), ok("boot.0")},
		"menu with a file, bit 3 clear":           {serves(pxeClient(menu(unlist, listed, item)), withFile("dhcp.0")), bootAnswer(withFile("boot.0")), ok("boot.0"), ok("boot.0")},
		"menu, local boot first":                  {serves(pxeClient(menu(unlist, dhcp.PXEMenu(dhcp.MenuItem{Text: "Disk"})))), nil, fails(fault.MenuLocalBoot), fails(fault.MenuLocalBoot)},
		"menu, no server for the item":            {serves(pxeClient(menu(unlist, item, dhcp.PXEServers(dhcp.BootServer{Type: 9})))), nil, fails(fault.ServerListMissing), fails(fault.ServerListMissing)},
		"menu, no list":                           {serves(pxeClient(menu(unlist, item))), nil, fails(fault.ServerListMissing), fails(fault.ServerListMissing)},
		"menu, listed servers alone, empty":       {serves(pxeClient(menu(dhcp.ControlListedOnly|dhcp.ControlNoMulticast, item))), nil, fails(fault.ServerListMissing), fails(fault.ServerListMissing)},
		"menu, multicast without a group":         {serves(pxeClient(menu(0, item))), nil, fails(fault.MulticastMissing), fails(fault.MulticastMissing)},
		"menu, nobody of that type":               {serves(pxeClient(menu(unlist, listed, item))), silent, fails(fault.BootServerNotFound), fails(fault.BootServerNotFound)},
		"4011 sends a menu, and answers the item": {serves(pxeClient(nil)), menuThenFile(menu(unlist, listed, item)), ok("item.0"), ok("item.0")},
	}
	for name, tt := range tests {
		for firmware, want := range map[string]want{"efi-x64": tt.uefi, "bios": tt.bios} {
			t.Run(name+" "+firmware, func(t *testing.T) {
				l := &lab{t: t, dhcp: tt.dhcp, boot: tt.boot}
				rep := l.run(Config{Profile: profile(t, firmware)})
				v := rep.Verdict
				if v.Fault == nil || v.Fault.ID != want.fault {
					t.Fatalf("verdict %q, want %s", v.Sentence, want.fault)
				}
				if want.in == "" {
					want.in = StageNBP
				}
				if v.Stage != want.in || rep.Stages[1].Status != want.stage {
					t.Errorf("stopped in %s, boot-server %s; want %s, %s", v.Stage, rep.Stages[1].Status, want.in, want.stage)
				}
				var asked string
				if len(l.asked) > 0 {
					asked = l.asked[0]
				}
				if asked != want.file {
					t.Errorf("asked for %q, want %q", asked, want.file)
				}
			})
		}
	}
}

// menuThenFile answers a request for boot data with a menu, and one for an item
// with a file.
func menuThenFile(tags dhcp.PXEOptions) script {
	return func(m *dhcp.Message) []dhcp.Message {
		reply, _ := dhcp.ParseReply(m.Append(nil))
		if _, ok := reply.PXE().Item(); ok {
			return bootAnswer(withFile("item.0"))(m)
		}
		return []dhcp.Message{answer(m, dhcp.TypeAck, noAddress, pxeClient(tags))}
	}
}

// TestBootServerRequests: what goes to port 4011, from where, and when.
func TestBootServerRequests(t *testing.T) {
	for firmware, secs := range map[string][]uint16{"efi-x64": {0, 256, 512, 768}, "bios": {0, 1, 3, 6}} {
		t.Run(firmware, func(t *testing.T) {
			l := &lab{t: t, dhcp: serves(pxeClient(nil)), boot: silent}
			l.run(Config{Profile: profile(t, firmware), KeepLease: true})
			var at []time.Duration
			var got []uint16
			for i, m := range l.seen {
				if m.Type() == dhcp.TypeRequest && isSet(m.CIAddr) {
					at = append(at, l.at[i])
					got = append(got, m.Secs)
				}
			}
			for i := len(at) - 1; i >= 0; i-- {
				at[i] -= at[0]
			}
			if diff := cmp.Diff([]time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second}, at); diff != "" {
				t.Errorf("sent at (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(secs, got); diff != "" {
				t.Errorf("secs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMenuPrompt: a prompt that waits for a key is a warning, one with a time
// is waited out by a faithful probe.
func TestMenuPrompt(t *testing.T) {
	tags := func(timeout uint8) dhcp.PXEOptions {
		return dhcp.PXEOptions{
			dhcp.PXEControl(dhcp.ControlNoBroadcast | dhcp.ControlNoMulticast),
			dhcp.PXEServers(dhcp.BootServer{Type: 1, Addrs: []netip.Addr{labServer}}),
			dhcp.PXEMenu(dhcp.MenuItem{Type: 1, Text: "Install"}),
			dhcp.MenuPrompt{Timeout: timeout, Text: "Press F8"}.Option(),
		}
	}
	run := func(timeout uint8, faithful bool) *Report {
		l := &lab{t: t, dhcp: serves(pxeClient(tags(timeout))), boot: bootAnswer(withFile("x"))}
		return l.run(Config{Profile: profile(t, "efi-x64"), Faithful: faithful})
	}
	if rep := run(255, false); len(rep.Warnings) == 0 || !strings.Contains(rep.Warnings[0].Text, "waits for a key") {
		t.Errorf("warnings %+v", rep.Warnings)
	}
	if d := run(20, true).Duration; d != 24*time.Second {
		t.Errorf("a faithful probe took %v, want 4s for offers and 20s for the prompt", d)
	}
	if d := run(20, false).Duration; d != DefaultSettle {
		t.Errorf("a quick probe took %v", d)
	}
}
