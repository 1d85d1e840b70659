package dhcp

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp/lease"
)

func mustEdit(t *testing.T, s *Server, e lease.Edit) lease.Outcome {
	t.Helper()
	o, err := s.EditLeases([]lease.Edit{e})
	if err != nil || o[0].Error != "" {
		t.Fatalf("%+v: %v, %s", e, err, o[0].Error)
	}
	return o[0]
}

// TestReservedAddress gives a machine the address that was reserved for it, in
// place of the one that it has, whatever it asks for; it is known then, too.
func TestReservedAddress(t *testing.T) {
	const strangerMAC = "52:54:00:00:00:99"
	cfg := classic()
	cfg.BootOnly = true
	s := newServer(t, cfg)
	s.Now = func() time.Time { return testStart }
	had := bound(t, s, ask(TypeDiscover, biosOptions()...))
	stranger := with(ask(TypeDiscover), func(m *Message) { m.CHAddr = mac(strangerMAC) })
	if d := s.Decide(Request{Message: stranger, Src: fromZero, Dst: toAll}, testStart); d.Reply != nil {
		t.Errorf("a stranger that boots nothing is answered: %+v", outcomeOf(d))
	}
	for m, a := range map[string]string{clientMAC: "192.168.122.50", strangerMAC: "192.168.122.51"} {
		mustEdit(t, s, lease.Edit{Do: lease.EditReserve, Addr: addr(a), Key: KeyOfMAC(mac(m))})
	}
	if d := offered(t, s, stranger); d.Reply.YIAddr != addr("192.168.122.51") {
		t.Errorf("the stranger is offered %s", d.Reply.YIAddr)
	}
	renew := with(ask(TypeRequest), func(m *Message) { m.CIAddr = had })
	if d := s.Decide(Request{Message: renew, Src: netip.AddrPortFrom(had, 68), Dst: toServer}, testStart); d.Reply.Type() != TypeNak {
		t.Errorf("the old address is renewed: %+v", outcomeOf(d))
	}
	if a := bound(t, s, ask(TypeDiscover, append(biosOptions(), addrOption(OptionRequestedAddress, had))...)); a != addr("192.168.122.50") {
		t.Errorf("the client gets %s", a)
	}
}

// TestReservedByMAC counts for a machine whatever the server tells machines apart
// by.
func TestReservedByMAC(t *testing.T) {
	cfg := classic()
	cfg.ByClientID = true
	s := newServer(t, cfg)
	mustEdit(t, s, lease.Edit{Do: lease.EditReserve, Addr: addr("192.168.122.50"), Key: KeyOfMAC(mac(clientMAC))})
	if d := offered(t, s, ask(TypeDiscover, RawOption{OptionClientID, []byte("\x00some id")})); d.Reply.YIAddr != addr("192.168.122.50") {
		t.Errorf("offered %s", d.Reply.YIAddr)
	}
}

func TestReserveForConfiguredHost(t *testing.T) {
	s := newServer(t, fullConfig())
	edit := lease.Edit{Do: lease.EditReserve, Addr: addr("192.168.122.50"), Key: KeyOfMAC(mac(hostMAC))}
	if o, err := s.EditLeases([]lease.Edit{edit}); err != nil || !strings.Contains(o[0].Error, "gives the client 192.168.122.7") {
		t.Errorf("got %+v, %v", o, err)
	}
	edit.Addr = addr("10.1.0.50") // where the host has no address of its own
	mustEdit(t, s, edit)
}

// TestVoidReservations has a configuration give a reserved address to a host, and
// take it away again.
func TestVoidReservations(t *testing.T) {
	s := newServer(t, classic())
	s.Now = func() time.Time { return testStart }
	mustEdit(t, s, lease.Edit{Do: lease.EditReserve, Addr: addr("192.168.122.7"), Key: KeyOfMAC(mac(clientMAC))})
	for _, step := range []struct {
		cfg  Config
		void int
		want string
	}{{fullConfig(), 1, "192.168.122.1"}, {classic(), 0, "192.168.122.7"}} {
		mustReload(t, s, step.cfg)
		if void := s.VoidReservations(); len(void) != step.void {
			t.Errorf("void are %+v, want %d", void, step.void)
		}
		if a := offered(t, s, ask(TypeDiscover)).Reply.YIAddr; !strings.HasPrefix(a.String(), step.want) || step.void == 1 && a == addr("192.168.122.7") {
			t.Errorf("the client is offered %s", a)
		}
	}
}

// serverOn is a server whose leases are in a file.
func serverOn(t *testing.T, path string, cfg Config) *Server {
	t.Helper()
	store, err := lease.Open(path, cfg.Pools(), testStart)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s, err := New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return testStart }
	return s
}

// TestEditIsDurable looks into the journal once an edit was answered.
func TestEditIsDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := classic()
	s := serverOn(t, path, cfg)
	mustEdit(t, s, lease.Edit{Do: lease.EditReserve, Addr: addr("192.168.122.50"), Key: KeyOfMAC(mac(clientMAC))})
	onDisk, err := lease.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if leases := onDisk.Leases(testStart); len(leases) != 1 || leases[0].State != lease.Reserved {
		t.Errorf("the journal has %+v", leases)
	}
}

// TestLeasesOutside counts leases that an earlier configuration gave, or an import.
func TestLeasesOutside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	before, err := lease.Open(path, nil, testStart)
	if err != nil {
		t.Fatal(err)
	}
	for n, a := range []string{"10.9.9.9", "192.168.122.150"} {
		e := lease.Edit{Do: lease.EditImport, Addr: addr(a), Key: lease.Key([]byte{1, 0x52, 0x54, 0, 0, 0, byte(n)})}
		if o := before.Apply(e, testStart); o.Error != "" {
			t.Fatal(o.Error)
		}
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := fullConfig()
	s := serverOn(t, path, cfg)
	if n := s.LeasesOutside(); n != 1 {
		t.Errorf("%d leases outside, want 1", n)
	}
	if n := newServer(t, cfg).LeasesOutside(); n != 0 {
		t.Errorf("%d leases outside of a new server", n)
	}
}

func TestPoolsInUse(t *testing.T) {
	cfg := fullConfig()
	again := cfg.Subnets[0]
	again.Ranges = []lease.Range{{First: addr("192.168.122.210"), Last: addr("192.168.122.219")}}
	cfg.Subnets = append(cfg.Subnets, again)
	s := newServer(t, cfg)
	bound(t, s, ask(TypeDiscover, biosOptions()...))
	want := []PoolUse{{cfg.Subnets[0].Prefix, 1, 111}, {cfg.Subnets[1].Prefix, 0, 256}}
	if diff := cmp.Diff(want, s.PoolsInUse(testStart), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
