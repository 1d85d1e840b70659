package cmd

import (
	"bytes"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/fault"
	"pxe/probe"
)

// probed is a report with one of everything.
func probed() *probe.Report {
	server := netip.MustParseAddr("192.0.2.1")
	missing, _ := fault.ByID(fault.KernelMissing)
	mask := []dhcp.OptionText{{Code: 1, Name: "subnet mask", Value: "255.255.255.0", Raw: []byte{255, 255, 255, 0}}}
	nbp := probe.File{
		URL: "tftp://192.0.2.1/pxelinux.0", Bytes: 42430, Size: 42430, SHA256: "aa", Duration: 2 * time.Millisecond,
		Image: boot.Image{Kind: boot.ImagePXELINUX, HasArch: true, Version: "6.04"},
	}
	absent := func(name string) probe.Step {
		return probe.Step{Stage: probe.StageConfig, Asked: "tftp://192.0.2.1/pxelinux.cfg/" + name, Answer: "TFTP error 1", Outcome: probe.OutcomeAbsent}
	}
	return &probe.Report{
		Firmware: "bios", Arch: boot.ArchBIOS, MAC: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56},
		UUID: [16]byte{0xcc}, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Duration: 1500 * time.Millisecond,
		Stages: []probe.Stage{
			{Name: probe.StageDHCP, Status: probe.StatusOK, Duration: time.Second, Steps: []probe.Step{
				{Stage: probe.StageDHCP, Asked: "DISCOVER by broadcast, 548 bytes", Outcome: probe.OutcomeOK},
				{Stage: probe.StageDHCP, Answer: "OFFER of 192.0.2.100", Outcome: probe.OutcomeOK, Options: mask},
				{Stage: probe.StageDHCP, Answer: "address 192.0.2.100/24", Outcome: probe.OutcomeInfo},
			}},
			{Name: probe.StageBootServer, Status: probe.StatusNotNeeded, Reason: "not needed: the offer says all"},
			{Name: probe.StageNBP, Status: probe.StatusOK, Steps: []probe.Step{
				{Stage: probe.StageNBP, Asked: "size of tftp://192.0.2.1/pxelinux.0", Answer: "42430 bytes", Outcome: probe.OutcomeOK},
				{Stage: probe.StageNBP, Asked: nbp.URL, Answer: nbp.Image.String(), Outcome: probe.OutcomeOK, File: &nbp},
			}},
			{Name: probe.StageConfig, Status: probe.StatusOK, Steps: []probe.Step{absent("a"), absent("b"), absent("c"), absent("d")}},
			{Name: probe.StageKernel, Status: probe.StatusFailed, Reason: "it is not there", Steps: []probe.Step{
				{Stage: probe.StageKernel, Asked: "tftp://192.0.2.1/linux", Answer: "TFTP error 1", Outcome: probe.OutcomeFailed},
			}},
			{Name: probe.StageInitrd, Status: probe.StatusNotReached, Reason: "not reached: kernel failed"},
		},
		Offers: []*probe.Offer{{
			Time: time.Second / 2, Server: server, From: server, Class: probe.ClassDHCPOnly, Taken: true, Reason: "taken",
			Address: netip.MustParseAddr("192.0.2.100"), NextServer: server, File: "pxelinux.0", Options: mask,
		}},
		Lease: &probe.Lease{Address: netip.MustParsePrefix("192.0.2.100/24"), Server: server, Duration: time.Hour, Released: true},
		Warnings: []probe.Warning{
			{Stage: probe.StageConfig, Fault: fault.ConfigIncludeFailed, Text: "x.cfg is not there"},
			{Stage: probe.StageConfig, Fault: fault.ConfigIncludeFailed, Text: "y.cfg is not there"},
			{Stage: probe.StageDHCP, Text: "odd"},
		},
		Verdict: probe.Verdict{Fault: &missing, Shown: "Loading linux... failed", Stage: probe.StageKernel, Why: "it is not there", Sentence: "would stop: no: it is not there. Put it there."},
	}
}

func show(t *testing.T, r *probe.Report, verbose bool) string {
	t.Helper()
	var out bytes.Buffer
	v := &probeView{w: &out, st: newStyles(Streams{}, &out, false), verbose: verbose}
	for _, s := range r.Stages {
		for _, step := range s.Steps {
			v.step(step)
		}
	}
	v.finish(r)
	return out.String()
}

func TestShowProbe(t *testing.T) {
	want := `dhcp
  ✓ DISCOVER by broadcast, 548 bytes
  ✓ OFFER of 192.0.2.100
  · address 192.0.2.100/24
nbp
  ✓ size of pxelinux.0: 42430 bytes
  ✓ pxelinux.0  42.4 KB in 2ms  PXELINUX 6.04 for x86 BIOS
config
  – not there: pxelinux.cfg/a … pxelinux.cfg/d (4 names)
kernel
  ✗ linux: TFTP error 1
initrd: not reached: kernel failed
warning: config: x.cfg is not there (and 1 more like it, see -v)
warning: dhcp: odd
would stop: no: it is not there. Put it there.
`
	if diff := cmp.Diff(want, show(t, probed(), false)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestShowProbeVerbose(t *testing.T) {
	got := show(t, probed(), true)
	for _, want := range []string{
		"      1 subnet mask: 255.255.255.0\n",
		"  – pxelinux.cfg/c: TFTP error 1\n",
		"boot-server: not needed: the offer says all\n",
		"warning: config: y.cfg is not there\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

// TestShowPartial: a file of which only the beginning was fetched says so.
func TestShowPartial(t *testing.T) {
	f := probe.File{URL: "http://192.0.2.1/initrd.gz", Bytes: 65536, Size: 40_000_000, Partial: true, Duration: time.Millisecond}
	if got, want := stepText(probe.Step{Answer: "gzip data", File: &f}), "http://192.0.2.1/initrd.gz  the first 65.5 KB of 40.0 MB in 1ms  gzip data"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestProbeJSON pins names and units: they only ever grow.
func TestProbeJSON(t *testing.T) {
	data, err := json.Marshal(reportToJSON(probed()))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	verdict := got["verdict"].(map[string]any)
	explained := verdict["explained"].(map[string]any)
	for _, key := range []string{"title", "shown", "means", "causes", "remedy"} {
		if explained[key] == nil {
			t.Errorf("explained has no %s", key)
		}
	}
	delete(verdict, "explained")
	mask := []any{map[string]any{"code": 1.0, "name": "subnet mask", "value": "255.255.255.0", "hex": "ffffff00"}}
	want := map[string]any{
		"verdict": map[string]any{
			"would_boot": false, "sentence": "would stop: no: it is not there. Put it there.",
			"stage": "kernel", "why": "it is not there", "fault": "kernel-missing",
		},
		"firmware": "bios", "arch": 0.0, "mac": "52:54:00:12:34:56", "uuid": "cc000000-0000-0000-0000-000000000000",
		"started": "2026-01-02T03:04:05Z", "duration_seconds": 1.5,
		"lease": map[string]any{"address": "192.0.2.100/24", "server": "192.0.2.1", "lease_seconds": 3600.0, "released": true},
		"offers": []any{map[string]any{
			"time_seconds": 0.5, "server": "192.0.2.1", "from": "192.0.2.1", "class": "dhcp-only", "taken": true, "reason": "taken",
			"address": "192.0.2.100", "next_server": "192.0.2.1", "file": "pxelinux.0", "options": mask,
		}},
		"warnings": []any{
			map[string]any{"stage": "config", "fault": "config-include-failed", "text": "x.cfg is not there"},
			map[string]any{"stage": "config", "fault": "config-include-failed", "text": "y.cfg is not there"},
			map[string]any{"stage": "dhcp", "text": "odd"},
		},
	}
	stages := got["stages"].([]any)
	delete(got, "stages")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	nbp := stages[2].(map[string]any)["steps"].([]any)[1].(map[string]any)
	if diff := cmp.Diff(map[string]any{
		"asked": "tftp://192.0.2.1/pxelinux.0", "answer": "PXELINUX 6.04 for x86 BIOS", "outcome": "ok",
		"time_seconds": 0.0, "duration_seconds": 0.0,
		"file": map[string]any{
			"url": "tftp://192.0.2.1/pxelinux.0", "received_bytes": 42430.0, "size_bytes": 42430.0, "partial": false,
			"sha256": "aa", "duration_seconds": 0.002, "kind": "pxelinux", "arch": 0.0, "signed": false, "version": "6.04",
		},
	}, nbp); diff != "" {
		t.Errorf("step (-want +got):\n%s", diff)
	}
}
