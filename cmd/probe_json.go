package cmd

import (
	"encoding/hex"
	"net/netip"
	"time"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/probe"
)

// reportJSON is a probe as `pxe probe-client -o json` and `pxe try -o json`
// print it. Sizes are in bytes and times in seconds, as the names say.
type reportJSON struct {
	Verdict  verdictJSON   `json:"verdict"`
	Firmware string        `json:"firmware"`
	Arch     uint16        `json:"arch"` // option 93
	MAC      string        `json:"mac"`
	UUID     string        `json:"uuid"` // in the order of the wire, as PXELINUX names files
	Started  time.Time     `json:"started"`
	Seconds  float64       `json:"duration_seconds"`
	Lease    *leaseJSON    `json:"lease,omitempty"`
	Offers   []offerJSON   `json:"offers"`
	Stages   []stageJSON   `json:"stages"`
	Warnings []warningJSON `json:"warnings"`
}

type verdictJSON struct {
	WouldBoot bool       `json:"would_boot"`
	Sentence  string     `json:"sentence"`
	Stage     string     `json:"stage,omitempty"` // where it stops
	Why       string     `json:"why,omitempty"`
	Fault     string     `json:"fault,omitempty"` // ID in the catalogue, which never changes
	Explained *faultJSON `json:"explained,omitempty"`
}

// faultJSON is what the catalogue says of a fault.
type faultJSON struct {
	Title  string   `json:"title"`
	Shown  string   `json:"shown,omitempty"` // what the screen shows
	Means  string   `json:"means"`
	Causes []string `json:"causes"`
	Remedy string   `json:"remedy"`
}

type leaseJSON struct {
	Address  string  `json:"address"` // with prefix length
	Gateway  string  `json:"gateway,omitempty"`
	Server   string  `json:"server"`
	Seconds  float64 `json:"lease_seconds"`
	Released bool    `json:"released"`
}

type offerJSON struct {
	At         float64      `json:"time_seconds"` // since the start
	Server     string       `json:"server"`
	From       string       `json:"from,omitempty"`
	Class      string       `json:"class"`
	Taken      bool         `json:"taken"`
	Reason     string       `json:"reason"`
	Address    string       `json:"address,omitempty"`
	NextServer string       `json:"next_server,omitempty"`
	File       string       `json:"file,omitempty"`
	Option67   string       `json:"option_67,omitempty"`
	Options    []optionJSON `json:"options"`
}

type optionJSON struct {
	Code  uint8  `json:"code"`
	Name  string `json:"name,omitempty"`
	Value string `json:"value"`
	Hex   string `json:"hex"`
}

type stageJSON struct {
	Name    string     `json:"name"`
	Status  string     `json:"status"` // ok, failed, not-needed, not-reached, not-followed
	Reason  string     `json:"reason,omitempty"`
	Seconds float64    `json:"duration_seconds"`
	Steps   []stepJSON `json:"steps"`
}

type stepJSON struct {
	Asked   string       `json:"asked,omitempty"`
	Answer  string       `json:"answer,omitempty"`
	Outcome string       `json:"outcome"`      // ok, absent, failed, info
	Start   float64      `json:"time_seconds"` // since the start of the run
	Seconds float64      `json:"duration_seconds"`
	Options []optionJSON `json:"options,omitempty"`
	File    *fileJSON    `json:"file,omitempty"`
}

type fileJSON struct {
	URL     string  `json:"url"`
	Bytes   int64   `json:"received_bytes"`
	Size    *int64  `json:"size_bytes"` // null when the server does not tell
	Partial bool    `json:"partial"`
	SHA256  string  `json:"sha256"` // of the bytes received
	Seconds float64 `json:"duration_seconds"`
	Kind    string  `json:"kind"`
	Arch    *uint16 `json:"arch,omitempty"`
	Signed  bool    `json:"signed"`
	Version string  `json:"version,omitempty"`
}

type warningJSON struct {
	Stage string `json:"stage"`
	Fault string `json:"fault,omitempty"`
	Text  string `json:"text"`
}

func reportToJSON(r *probe.Report) *reportJSON {
	j := &reportJSON{
		Verdict:  verdictToJSON(r.Verdict),
		Firmware: r.Firmware, Arch: uint16(r.Arch), MAC: r.MAC.String(), UUID: boot.FormatUUID(r.UUID[:]),
		Started: r.Started, Seconds: r.Duration.Seconds(),
		Offers: []offerJSON{}, Stages: []stageJSON{}, Warnings: []warningJSON{},
	}
	if l := r.Lease; l != nil {
		j.Lease = &leaseJSON{l.Address.String(), addrJSON(l.Gateway), l.Server.String(), l.Duration.Seconds(), l.Released}
	}
	for _, o := range r.Offers {
		j.Offers = append(j.Offers, offerJSON{
			At: o.Time.Seconds(), Server: addrJSON(o.Server), From: addrJSON(o.From), Class: string(o.Class),
			Taken: o.Taken, Reason: o.Reason, Address: addrJSON(o.Address), NextServer: addrJSON(o.NextServer),
			File: o.File, Option67: o.Option67, Options: optionsToJSON(o.Options),
		})
	}
	for _, s := range r.Stages {
		stage := stageJSON{Name: string(s.Name), Status: string(s.Status), Reason: s.Reason, Seconds: s.Duration.Seconds(), Steps: []stepJSON{}}
		for _, step := range s.Steps {
			stage.Steps = append(stage.Steps, stepJSON{
				Asked: step.Asked, Answer: step.Answer, Outcome: string(step.Outcome),
				Start: step.Start.Seconds(), Seconds: step.Duration.Seconds(),
				Options: optionsToJSON(step.Options), File: fileToJSON(step.File),
			})
		}
		j.Stages = append(j.Stages, stage)
	}
	for _, w := range r.Warnings {
		j.Warnings = append(j.Warnings, warningJSON{string(w.Stage), w.Fault, w.Text})
	}
	return j
}

func verdictToJSON(v probe.Verdict) verdictJSON {
	j := verdictJSON{WouldBoot: v.WouldBoot, Sentence: v.Sentence, Stage: string(v.Stage), Why: v.Why}
	if v.Fault != nil {
		f := v.Fault
		j.Fault = f.ID
		j.Explained = &faultJSON{Title: f.Title, Shown: v.Shown, Means: f.Means, Causes: f.Causes, Remedy: f.Remedy}
	}
	return j
}

func optionsToJSON(opts []dhcp.OptionText) []optionJSON {
	list := make([]optionJSON, len(opts))
	for i, o := range opts {
		list[i] = optionJSON{o.Code, o.Name, o.Value, hex.EncodeToString(o.Raw)}
	}
	return list
}

func fileToJSON(f *probe.File) *fileJSON {
	if f == nil {
		return nil
	}
	j := &fileJSON{
		URL: f.URL, Bytes: f.Bytes, Partial: f.Partial, SHA256: f.SHA256, Seconds: f.Duration.Seconds(),
		Kind: f.Image.Kind.String(), Signed: f.Image.Signed, Version: f.Image.Version,
	}
	if f.Size >= 0 {
		j.Size = &f.Size
	}
	if f.Image.HasArch {
		arch := uint16(f.Image.Arch)
		j.Arch = &arch
	}
	return j
}

// addrJSON leaves out an address that is none.
func addrJSON(a netip.Addr) string {
	if !a.IsValid() || a.IsUnspecified() {
		return ""
	}
	return a.String()
}
