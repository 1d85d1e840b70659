package lease

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// writerEnv makes this test binary a writer of leases in place of a test run.
const writerEnv = "PXE_LEASE_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		if err := writeLeases(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func killConfig() Config {
	return Config{
		Subnet: netip.MustParsePrefix("10.0.0.0/16"),
		Ranges: []Range{{addr("10.0.0.1"), addr("10.0.7.255")}},
	}
}

// writeLeases commits and acknowledges leases until it is killed. What it
// prints is what a client would have heard.
func writeLeases(path string) error {
	s, err := Open(path, []Config{killConfig()}, start)
	if err != nil {
		return err
	}
	p := s.Pool(0)
	now := start
	if leases := s.Leases(start); len(leases) > 0 {
		now = leases[len(leases)-1].Expires // later than anything before
	}
	var heard bytes.Buffer
	for {
		now = now.Add(time.Second)
		for range 1 + rand.IntN(100) {
			c := client(rand.IntN(2000))
			a, err := p.Offer(c, netip.Addr{}, now)
			if err != nil {
				return err
			}
			if err := p.Commit(c, a, 24*time.Hour, now); err != nil {
				return err
			}
			l, _ := p.Lookup(c.Key)
			fmt.Fprintf(&heard, "%s %s %d\n", l.Key, l.Addr, l.Expires.Unix())
		}
		if err := s.Sync(now); err != nil {
			return err
		}
		if _, err := heard.WriteTo(os.Stdout); err != nil {
			return err
		}
	}
}

// TestKill ends a writer with SIGKILL at moments of chance, compactions among
// them, and checks that every lease that it acknowledged is there afterwards.
func TestKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "leases")
	rng := rand.New(rand.NewPCG(1, 2))
	acked := make(map[string]int64) // "key address" to expiry
	total := 0
	for round := range 8 {
		total += killWriter(t, exe, path, 1+rng.IntN(12_000), acked)
		s, err := Open(path, []Config{killConfig()}, start)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for ack, expires := range acked {
			key, text, _ := strings.Cut(ack, " ")
			l, ok := s.Pool(0).At(addr(text))
			if !ok || l.Key.String() != key || l.Expires.Unix() < expires {
				t.Fatalf("round %d: %s until %d was acknowledged, the store has %+v", round, ack, expires, l)
			}
		}
		if lines, _ := s.Damaged(); lines > 0 {
			t.Errorf("round %d: %d damaged records", round, lines)
		}
		mustClose(t, s)
	}
	t.Logf("%d acknowledged leases for %d clients", total, len(acked))
}

// killWriter lets a writer acknowledge so many leases, kills it, and notes all
// that it acknowledged.
func killWriter(t *testing.T, exe, path string, after int, acked map[string]int64) (count int) {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), writerEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a last line without its end was not heard
			break
		}
		fields := strings.Fields(line)
		expires, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		acked[fields[0]+" "+fields[1]] = expires
		if count++; count == after {
			cmd.Process.Kill()
		}
	}
	if cmd.Wait(); count < after {
		t.Fatalf("the writer ended by itself after %d leases", count)
	}
	return count
}
