package probe

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
	"pxe/fault"
	"pxe/wire"
)

// TestDHCPFaults: each way in which the DHCP stage fails has its fault, and the
// stages behind it are not reached.
func TestDHCPFaults(t *testing.T) {
	onlyFor := func(typ dhcp.MessageType, s script) script {
		return func(m *dhcp.Message) []dhcp.Message {
			if m.Type() != typ {
				return nil
			}
			return s(m)
		}
	}
	ackWith := func(edit func(*dhcp.Message)) script {
		return func(m *dhcp.Message) []dhcp.Message {
			if m.Type() == dhcp.TypeRequest {
				return []dhcp.Message{answer(m, dhcp.TypeAck, withFile("x"), edit)}
			}
			return serves(withFile("x"))(m)
		}
	}
	tests := map[string]struct {
		dhcp       script
		uefi, bios string // fault; "" for none in this stage
	}{
		"nobody answers":         {nil, fault.NoOffer, fault.NoOffer},
		"proxy only":             {serves(noAddress, pxeClient(bootTags), withFile("x")), fault.ProxyWithoutDHCP, fault.ProxyWithoutDHCP},
		"no boot file":           {serves(), fault.NoBootFile, fault.NoBootFile},
		"option 13 of one byte":  {serves(withFile("x"), withOption(13, []byte{1})), fault.OfferMalformed, ""},
		"no option 54":           {serves(withFile("x"), withoutOption(dhcp.OptionServerID)), fault.OfferWithoutServerID, fault.OfferWithoutServerID},
		"no option 1":            {serves(withFile("x"), withoutOption(dhcp.OptionSubnetMask)), fault.OfferWithoutMask, ""},
		"no ACK":                 {onlyFor(dhcp.TypeDiscover, serves(withFile("x"))), fault.RequestUnanswered, fault.RequestUnanswered},
		"ACK of another":         {ackWith(func(m *dhcp.Message) { m.Options[1].Data = []byte{192, 0, 2, 9} }), fault.RequestUnanswered, fault.RequestUnanswered},
		"ACK of another address": {ackWith(func(m *dhcp.Message) { m.YIAddr = m.YIAddr.Next() }), fault.ACKDiffers, fault.ACKDiffers},
		"malformed ACK":          {ackWith(withOption(13, []byte{1})), fault.RequestUnanswered, ""},
		"NAK":                    {ackWith(func(m *dhcp.Message) { m.Options[0].Data = []byte{byte(dhcp.TypeNak)} }), fault.Nak, fault.Nak},
	}
	for name, tt := range tests {
		for firmware, want := range map[string]string{"efi-x64": tt.uefi, "bios": tt.bios} {
			t.Run(name+" "+firmware, func(t *testing.T) {
				l := &lab{t: t, dhcp: tt.dhcp}
				rep := l.run(Config{Profile: profile(t, firmware)})
				v := rep.Verdict
				if want == "" { // the chain gets further, to a file that is not there
					if v.Stage != StageNBP {
						t.Errorf("stopped in %s: %s", v.Stage, v.Sentence)
					}
					return
				}
				if v.WouldBoot || v.Stage != StageDHCP || v.Fault == nil || v.Fault.ID != want {
					t.Fatalf("verdict %+v, want %s", v, want)
				}
				if !strings.HasPrefix(v.Sentence, "would stop: ") {
					t.Errorf("sentence %q", v.Sentence)
				}
				for _, s := range rep.Stages[1:] {
					if s.Status != StatusNotReached || s.Reason != "not reached: dhcp failed" {
						t.Errorf("%s: %s, %q", s.Name, s.Status, s.Reason)
					}
				}
			})
		}
	}
}

// TestRetransmission: with nobody there, the DISCOVERs go out when firmware
// sends them, with the secs that it writes, and it gives up when it does.
func TestRetransmission(t *testing.T) {
	for _, firmware := range []string{"efi-x64", "bios"} {
		t.Run(firmware, func(t *testing.T) {
			l := &lab{t: t}
			rep := l.run(Config{Profile: profile(t, firmware)})
			want := []time.Duration{0, 4 * time.Second, 12 * time.Second, 28 * time.Second}
			if diff := cmp.Diff(want, l.at); diff != "" {
				t.Errorf("DISCOVER at (-want +got):\n%s", diff)
			}
			for _, m := range l.seen {
				if m.XID != l.seen[0].XID {
					t.Error("the transaction changes between tries")
				}
			}
			if rep.Duration != 60*time.Second {
				t.Errorf("gave up after %v", rep.Duration)
			}
		})
	}
}

// TestFileNotInACK: firmware goes by the ACK.
func TestFileNotInACK(t *testing.T) {
	l := &lab{t: t}
	l.dhcp = func(m *dhcp.Message) []dhcp.Message {
		if m.Type() == dhcp.TypeRequest {
			return serves()(m)
		}
		return serves(withFile("x"))(m)
	}
	checkChain(t, l.run(Config{Profile: profile(t, "efi-x64")}), fault.BootFileNotInACK, StageNBP, "not in the ACK", "")
}

// TestEvents: OnStep hears every step of the report in its order, OnProgress
// every file to its end.
func TestEvents(t *testing.T) {
	var steps []Step
	ends := map[string]bool{}
	l := &lab{t: t, files: pxelinuxTree(), dhcp: serves(biosOffer("pxelinux.0")...)}
	rep := l.run(Config{
		Profile: profile(t, "bios"),
		OnStep:  func(s Step) { steps = append(steps, s) },
		OnProgress: func(name string, done, total int64) {
			ends[name] = done == total || total < 0 // not every request asks for the size
		},
	})
	var want []Step
	for _, s := range rep.Stages {
		want = append(want, s.Steps...)
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-report +events):\n%s", diff)
	}
	for _, s := range want {
		if s.File != nil && !ends[s.File.URL] {
			t.Errorf("no end of %s", s.File.URL)
		}
	}
}

// TestCancel: a context that ends is an error, and no verdict.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := plug(t, wire.NewSwitch(), wire.HostConfig{MAC: testID.mac, NoTCP: true})
		defer host.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		rep, err := Run(ctx, Config{Network: network{host}, Profile: profile(t, "bios")})
		if rep != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v, %v", rep, err)
		}
	})
}

// TestValidate: what cannot be probed is said at once and altogether.
func TestValidate(t *testing.T) {
	_, err := Run(t.Context(), Config{Head: -1, Timeout: -1})
	for _, want := range []string{"no network", "no firmware profile", "head of -1 bytes", "negative wait"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// TestSameAnswer: servers that name no boot file are asked twice, and by a
// faithful probe as often as the firmware asks.
func TestSameAnswer(t *testing.T) {
	for faithful, want := range map[bool]time.Duration{false: 12 * time.Second, true: 60 * time.Second} {
		l := &lab{t: t, dhcp: serves()}
		rep := l.run(Config{Profile: profile(t, "efi-x64"), Faithful: faithful})
		if rep.Duration != want || rep.Verdict.Fault.ID != fault.NoBootFile {
			t.Errorf("faithful %v: %s after %v, want %v", faithful, rep.Verdict.Sentence, rep.Duration, want)
		}
	}
	// A proxy that comes late is waited for, and found.
	asked := 0
	l := &lab{t: t, files: tree("x", efi(x64, true))}
	l.dhcp = func(m *dhcp.Message) []dhcp.Message {
		replies := serves()(m)
		if asked++; asked == 2 {
			replies = append(replies, answer(m, dhcp.TypeOffer, noAddress, pxeClient(bootTags), withFile("x")))
		}
		return replies
	}
	if rep := l.run(Config{Profile: profile(t, "efi-x64")}); !rep.Verdict.WouldBoot {
		t.Error(rep.Verdict.Sentence)
	}
}

// TestPatience: the caller's patience is shorter than the firmware's.
func TestPatience(t *testing.T) {
	l := &lab{t: t}
	rep := l.run(Config{Profile: profile(t, "bios"), Timeout: 5 * time.Second})
	if rep.Duration != 5*time.Second || len(l.seen) != 2 {
		t.Errorf("%d DISCOVERs in %v, want 2 in 5s", len(l.seen), rep.Duration)
	}
}

// TestWaiting: how long offers are collected before the REQUEST.
func TestWaiting(t *testing.T) {
	best := []func(*dhcp.Message){pxeClient(bootTags), withFile("x")}
	tests := map[string]struct {
		firmware string
		offer    []func(*dhcp.Message)
		faithful bool
		want     time.Duration
	}{
		"an offer that cannot lose":             {"efi-x64", best, false, DefaultSettle},
		"an offer that cannot lose, faithfully": {"efi-x64", best, true, 4 * time.Second},
		"a plain offer: a proxy may come":       {"efi-x64", best[1:], false, 4 * time.Second},
		"a plain offer, faithfully":             {"efi-x64", best[1:], true, 4 * time.Second},
		"BIOS: an offer that cannot lose":       {"bios", best, false, DefaultSettle},
		"BIOS: a plain offer":                   {"bios", best[1:], false, 4 * time.Second},
		"BIOS: a plain offer, faithfully":       {"bios", best[1:], true, 12 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := &lab{t: t, dhcp: serves(tt.offer...)}
			l.run(Config{Profile: profile(t, tt.firmware), Faithful: tt.faithful, Timeout: time.Minute})
			i := slices.IndexFunc(l.seen, func(m *dhcp.Message) bool { return m.Type() == dhcp.TypeRequest })
			if i < 0 || l.at[i] != tt.want {
				t.Errorf("REQUEST at %v of %v, want %v", l.at, l.types(), tt.want)
			}
		})
	}
}

// TestRequestSecs: the REQUEST repeats the secs of the DISCOVER that the offer
// came to (EDK2 Dhcp4Io.c).
func TestRequestSecs(t *testing.T) {
	answers := 0
	l := &lab{t: t}
	l.dhcp = func(m *dhcp.Message) []dhcp.Message {
		if answers++; answers == 1 {
			return nil // the first DISCOVER is lost
		}
		return serves(pxeClient(bootTags), withFile("x"))(m)
	}
	l.run(Config{Profile: profile(t, "efi-x64")})
	if got := l.types(); !slices.Equal(got[:3], []string{"DISCOVER", "DISCOVER", "REQUEST"}) {
		t.Fatalf("sent %v", got)
	}
	if l.seen[1].Secs != 4 || l.seen[2].Secs != 4 {
		t.Errorf("secs %d and %d, want 4 in both", l.seen[1].Secs, l.seen[2].Secs)
	}
}

// TestRelease: the lease is given back, unless it is to be kept.
func TestRelease(t *testing.T) {
	for _, keep := range []bool{false, true} {
		l := &lab{t: t, dhcp: serves(pxeClient(bootTags), withFile("x"))}
		rep := l.run(Config{Profile: profile(t, "efi-x64"), KeepLease: keep})
		i := slices.IndexFunc(l.seen, func(m *dhcp.Message) bool { return m.Type() == dhcp.TypeRelease })
		if (i < 0) != keep || rep.Lease == nil || rep.Lease.Released == keep {
			t.Fatalf("keep %v: sent %v, lease %+v", keep, l.types(), rep.Lease)
		}
		if i >= 0 && l.seen[i].CIAddr != labClient {
			t.Errorf("release of %v", l.seen[i].CIAddr)
		}
		if addrs := l.client.Addrs(); len(addrs) != 0 {
			t.Errorf("the client keeps %v", addrs)
		}
	}
}

// TestOfferWarnings: what does not stop this firmware is said all the same.
func TestOfferWarnings(t *testing.T) {
	tests := map[string]struct {
		edit []func(*dhcp.Message)
		id   string
		text string
	}{
		"name in option 67 alone": {[]func(*dhcp.Message){withOption(67, []byte("x"))}, fault.BootFileNotInHeader, "option 67 alone"},
		"two names":               {[]func(*dhcp.Message){withFile("a"), withOption(67, []byte("b"))}, "", `"a" in its header and "b" in option 67`},
		"66 without siaddr": {[]func(*dhcp.Message){withFile("x"), withOption(66, []byte("srv")), func(m *dhcp.Message) { m.SIAddr = netip.Addr{} }},
			fault.NextServerMissing, "option 66"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := &lab{t: t, dhcp: serves(tt.edit...)}
			rep := l.run(Config{Profile: profile(t, "efi-x64")})
			if !slices.ContainsFunc(rep.Warnings, func(w Warning) bool {
				return w.Fault == tt.id && strings.Contains(w.Text, tt.text) && w.Stage == StageDHCP
			}) {
				t.Errorf("warnings %+v, want %q", rep.Warnings, tt.text)
			}
		})
	}
}

// TestTwoServers: two servers that give addresses are a warning, and the ACK
// that names other boot data than the OFFER is one too.
func TestTwoServers(t *testing.T) {
	l := &lab{t: t}
	l.dhcp = func(m *dhcp.Message) []dhcp.Message {
		switch m.Type() {
		case dhcp.TypeDiscover:
			return []dhcp.Message{
				answer(m, dhcp.TypeOffer, withFile("x")),
				answer(m, dhcp.TypeOffer, withFile("y"), func(m *dhcp.Message) { m.Options[1].Data = []byte{192, 0, 2, 7} }),
			}
		case dhcp.TypeRequest:
			return []dhcp.Message{answer(m, dhcp.TypeAck, withFile("z"))}
		}
		return nil
	}
	rep := l.run(Config{Profile: profile(t, "efi-x64")})
	var ids []string
	for _, w := range rep.Warnings {
		ids = append(ids, w.Fault)
	}
	if !slices.Contains(ids, fault.SecondDHCPServer) {
		t.Errorf("no word of the second server: %+v", rep.Warnings)
	}
	if !slices.ContainsFunc(rep.Warnings, func(w Warning) bool { return strings.Contains(w.Text, `boot file "x" in the OFFER, "z" in the ACK`) }) {
		t.Errorf("no word of the changed file: %+v", rep.Warnings)
	}
	if len(rep.Offers) != 2 || !rep.Offers[0].Taken || rep.Offers[1].Taken {
		t.Errorf("offers %+v", rep.Offers)
	}
}

// TestStrangers: answers to other transactions, of other machines, and requests
// are none of ours.
func TestStrangers(t *testing.T) {
	for name, edit := range map[string]func(*dhcp.Message){
		"another transaction": func(m *dhcp.Message) { m.XID++ },
		"another machine":     func(m *dhcp.Message) { m.CHAddr = []byte{2, 0, 0, 0, 0, 9} },
		"a request":           func(m *dhcp.Message) { m.Op = dhcp.OpRequest },
		"an ACK":              func(m *dhcp.Message) { m.Options[0].Data = []byte{byte(dhcp.TypeAck)} },
	} {
		t.Run(name, func(t *testing.T) {
			l := &lab{t: t, dhcp: serves(withFile("x"), edit)}
			rep := l.run(Config{Profile: profile(t, "efi-x64"), Timeout: time.Second})
			if v := rep.Verdict; v.Fault == nil || v.Fault.ID != fault.NoOffer || len(rep.Offers) != 0 {
				t.Errorf("%s, offers %+v", v.Sentence, rep.Offers)
			}
		})
	}
}
