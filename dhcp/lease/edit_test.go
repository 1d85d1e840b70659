package lease

import (
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func mustApply(t *testing.T, s *Store, e Edit) Outcome {
	t.Helper()
	o := s.Apply(e, start)
	if o.Error != "" {
		t.Fatalf("%+v: %s", e, o.Error)
	}
	return o
}

// TestEditRelease ends a lease, a quarantine and an offer, in a store that has
// the addresses in its pool and in one that has no pools.
func TestEditRelease(t *testing.T) {
	for _, running := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "leases")
		cfg := testConfig("192.0.2.10", "192.0.2.12")
		s := openStore(t, path, cfg)
		mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
		mustOffer(t, s.Pool(0), client(2), "192.0.2.11", start)
		if err := s.Pool(0).Decline(client(2).Key, addr("192.0.2.11"), start); err != nil {
			t.Fatal(err)
		}
		if !running {
			mustClose(t, s)
			var err error
			if s, err = Open(path, nil, start); err != nil {
				t.Fatal(err)
			}
		}
		if o := s.Apply(Edit{Do: EditRelease, Addr: addr("192.0.2.10"), Key: client(2).Key}, start); o.Error == "" {
			t.Error("another client's lease is released")
		}
		for _, a := range []string{"192.0.2.10", "192.0.2.11"} {
			o := mustApply(t, s, Edit{Do: EditRelease, Addr: addr(a)})
			if o.Lease.Addr != addr(a) || o.Lease.Expired(start) {
				t.Errorf("released %+v", o.Lease)
			}
			if o := s.Apply(Edit{Do: EditRelease, Addr: addr(a)}, start); !strings.Contains(o.Error, ErrNoLease.Error()) {
				t.Errorf("once more: %+v", o)
			}
		}
		if running {
			mustOffer(t, s.Pool(0), client(3), "192.0.2.12", start)
			mustApply(t, s, Edit{Do: EditRelease, Addr: addr("192.0.2.12")})
			check(t, s.Pool(0))
		}
		mustClose(t, s)
		s = openStore(t, path, cfg)
		if taken := s.Pool(0).Taken(start); taken != 0 {
			t.Errorf("running %v: %d addresses are taken", running, taken)
		}
		if got := mustOffer(t, s.Pool(0), client(1), "", start); got != addr("192.0.2.10") {
			t.Errorf("running %v: the client comes back to %s", running, got)
		}
		check(t, s.Pool(0))
		mustClose(t, s)
	}
}

// TestEditKeepsWhatIsOver checks that a store without pools forgets no address of
// a client, not even when it writes its file anew.
func TestEditKeepsWhatIsOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	s := openStore(t, path, cfg)
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.77"), start)
	mustClose(t, s)
	later := start.AddDate(1, 0, 0)
	s, err := Open(path, nil, later)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.rewrite(later); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = openStore(t, path, cfg)
	defer s.Close()
	if got := mustOffer(t, s.Pool(0), client(1), "", later); got != addr("192.0.2.77") {
		t.Errorf("the client comes back to %s", got)
	}
}

func TestEditReserve(t *testing.T) {
	s := openStore(t, "", testConfig("192.0.2.10", "192.0.2.12"))
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	o := mustApply(t, s, Edit{Do: EditReserve, Addr: addr("192.0.2.10"), Key: client(2).Key, Name: "two"})
	if o.Lease.State != Reserved || o.Lease.Name != "two" || o.Holder == nil || o.Holder.Key != client(1).Key {
		t.Errorf("got %+v, holder %+v", o.Lease, o.Holder)
	}
	for _, e := range []Edit{
		{Do: EditReserve, Addr: addr("192.0.2.10"), Key: client(3).Key},
		{Do: EditUnreserve, Addr: addr("192.0.2.10"), Key: client(3).Key},
		{Do: EditUnreserve, Addr: addr("192.0.2.11")},
		{Do: "destroy", Addr: addr("192.0.2.10")},
	} {
		if o := s.Apply(e, start); o.Error == "" {
			t.Errorf("%+v is done", e)
		}
	}
	if o := mustApply(t, s, Edit{Do: EditUnreserve, Addr: addr("192.0.2.10")}); o.Lease.Key != client(2).Key {
		t.Errorf("ended %+v", o.Lease)
	}
}

func TestEditImport(t *testing.T) {
	soon, late := start.Add(time.Minute), start.Add(48*time.Hour)
	for _, pools := range [][]Config{{testConfig("192.0.2.10", "192.0.2.99")}, nil} {
		s, err := Open(filepath.Join(t.TempDir(), "leases"), pools, start)
		if err != nil {
			t.Fatal(err)
		}
		imported := func(n int, a string, expires time.Time) error {
			return s.adopt(Lease{Addr: addr(a), Key: client(n).Key, State: Bound, Expires: expires}, start)
		}
		mustReserve(t, s, client(9), "192.0.2.90")
		for _, tt := range []struct {
			name    string
			n       int
			addr    string
			expires time.Time
			want    error
			pooled  error // with pools
		}{
			{"a lease", 1, "192.0.2.10", late, nil, nil},
			{"the same, ending sooner", 1, "192.0.2.10", soon, nil, nil},
			{"another client's", 2, "192.0.2.10", late, ErrInUse, ErrInUse},
			{"one without end", 2, "192.0.2.11", time.Time{}, nil, nil},
			{"one that is over", 3, "192.0.2.12", start, ErrOver, ErrOver},
			{"reserved for another", 3, "192.0.2.90", late, ErrReserved, ErrReserved},
			{"a second one", 1, "192.0.2.13", late, nil, ErrOtherAddress},
			{"outside of the ranges", 3, "192.0.2.200", late, nil, ErrNotInPool},
			{"another network", 3, "198.51.100.1", late, nil, ErrNotServed},
			{"not IPv4", 3, "2001:db8::1", late, ErrNotServed, ErrNotServed},
		} {
			want := tt.want
			if pools != nil {
				want = tt.pooled
			}
			if err := imported(tt.n, tt.addr, tt.expires); !errors.Is(err, want) {
				t.Errorf("%s, %d pools: %v, want %v", tt.name, len(pools), err, want)
			}
		}
		if l, _ := s.at(addr("192.0.2.10")); !l.Expires.Equal(late) || l.Key != client(1).Key {
			t.Errorf("the lease is %+v", l)
		}
		mustClose(t, s)
	}
}

// TestNoMachine refuses addresses that no machine can have, and those of no machine,
// without pools too. 127.0.0.0/8 is for who serves it alone.
func TestNoMachine(t *testing.T) {
	loopback := testConfig("127.0.0.10", "127.0.0.99")
	loopback.Subnet = netip.MustParsePrefix("127.0.0.0/8")
	for _, tt := range []struct {
		mac, addr string
		pools     []Config
		want      error
	}{
		{"525400000001", "0.0.0.0", nil, ErrNotUnicast},
		{"525400000001", "0.0.0.9", nil, ErrNotUnicast},
		{"525400000001", "127.0.0.10", nil, ErrNotUnicast},
		{"525400000001", "127.0.0.10", []Config{loopback}, nil},
		{"525400000001", "224.0.0.1", []Config{loopback}, ErrNotUnicast},
		{"525400000001", "255.255.255.255", nil, ErrNotUnicast},
		{"ffffffffffff", "192.0.2.1", nil, ErrNoMachine},
		{"01005e000001", "192.0.2.1", nil, ErrNoMachine},
		{"000000000000", "192.0.2.1", nil, ErrNoMachine},
		{"525400000001", "192.0.2.1", nil, nil},
	} {
		s, err := Open("", tt.pools, start)
		if err != nil {
			t.Fatal(err)
		}
		var key Key
		if err := key.UnmarshalText([]byte("01" + tt.mac)); err != nil {
			t.Fatal(err)
		}
		for _, do := range []EditKind{EditImport, EditReserve} {
			o := s.Apply(Edit{Do: do, Addr: addr(tt.addr), Key: key}, start)
			if tt.want == nil && o.Error != "" || tt.want != nil && !strings.HasSuffix(o.Error, tt.want.Error()) {
				t.Errorf("%s %s for %s: %q, want %v", do, tt.addr, tt.mac, o.Error, tt.want)
			}
		}
	}
}

// TestCopy changes a copy: its leases and offers are those of the store, which hears
// nothing of it.
func TestCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	s := openStore(t, path, cfg)
	defer s.Close()
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.20"), start)
	if _, err := s.Pool(0).Offer(client(2), addr("192.0.2.21"), start); err != nil {
		t.Fatal(err)
	}
	mustSync(t, s, start)
	c, err := s.Copy([]Config{cfg}, start)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		addr string
		want error
	}{{"192.0.2.20", ErrInUse}, {"192.0.2.21", ErrInUse}, {"192.0.2.22", nil}} {
		o := c.Apply(Edit{Do: EditImport, Addr: addr(tt.addr), Key: client(3).Key}, start)
		if tt.want == nil && o.Error != "" || tt.want != nil && !strings.Contains(o.Error, tt.want.Error()) {
			t.Errorf("%s: %q, want %v", tt.addr, o.Error, tt.want)
		}
	}
	if o := c.Apply(Edit{Do: EditRelease, Addr: addr("192.0.2.20")}, start); o.Error != "" {
		t.Error(o.Error)
	}
	mustSync(t, s, start)
	onDisk, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []*Store{s, onDisk} {
		if leases := got.Leases(start); len(leases) != 1 || leases[0].State != Bound || leases[0].Key != client(1).Key {
			t.Errorf("%+v", leases)
		}
	}
}

// TestOutside counts what lasts, and has no place.
func TestOutside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s := openStore(t, path, testConfig("192.0.2.10", "192.0.2.99"))
	for n := range 3 {
		mustCommit(t, s.Pool(0), client(n), address(number(addr("192.0.2.20"))+uint32(n)), start)
	}
	if err := s.Pool(0).Release(client(2).Key, addr("192.0.2.22"), start); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = openStore(t, path, testConfig("192.0.2.10", "192.0.2.20"))
	defer s.Close()
	if n := s.Outside(start); n != 1 {
		t.Errorf("%d outside, want 1", n)
	}
	if n := s.Outside(start.Add(24 * time.Hour)); n != 0 {
		t.Errorf("%d outside when all have ended", n)
	}
}
