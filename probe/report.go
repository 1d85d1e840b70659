package probe

import (
	"net"
	"net/netip"
	"pxe/dhcp"
	"time"

	"pxe/boot"
	"pxe/fault"
)

// Report is everything that one probe found, as plain data.
type Report struct {
	Firmware string // name of the profile
	Arch     boot.Arch
	MAC      net.HardwareAddr
	UUID     [16]byte // in the order of the wire
	Started  time.Time
	Duration time.Duration

	Stages   []Stage // all stages of the chain, in order
	Offers   []*Offer
	Lease    *Lease // nil when no address was acknowledged
	Warnings []Warning
	Verdict  Verdict
}

// StageName names a stage of the chain.
type StageName string

// The stages, in order.
const (
	StageDHCP       StageName = "dhcp"
	StageBootServer StageName = "boot-server"
	StageNBP        StageName = "nbp"
	StageLoader     StageName = "loader"
	StageConfig     StageName = "config"
	StageKernel     StageName = "kernel"
	StageInitrd     StageName = "initrd"
)

// stageNames is the chain.
func stageNames() []StageName {
	return []StageName{StageDHCP, StageBootServer, StageNBP, StageLoader, StageConfig, StageKernel, StageInitrd}
}

// Status is how a stage ended.
type Status string

// The statuses. A stage that did not run has a Reason.
const (
	StatusOK          Status = "ok"
	StatusFailed      Status = "failed"
	StatusNotNeeded   Status = "not-needed"   // this chain has no such stage
	StatusNotReached  Status = "not-reached"  // an earlier stage failed
	StatusNotFollowed Status = "not-followed" // it would run, and the probe cannot tell how
)

// Stage is one link of the chain.
type Stage struct {
	Name     StageName
	Status   Status
	Reason   string // why it failed or did not run; "" for StatusOK
	Duration time.Duration
	Steps    []Step
}

// Outcome is how a step ended.
type Outcome string

// The outcomes.
const (
	OutcomeOK     Outcome = "ok"
	OutcomeAbsent Outcome = "absent" // not there, which the client takes in its stride
	OutcomeFailed Outcome = "failed" // also what may not be read or is empty, though the client may go on
	OutcomeInfo   Outcome = "info"   // nothing was asked: something became known
)

// Step is one question and what came back.
type Step struct {
	Stage    StageName
	Asked    string // "DISCOVER (347 bytes)", "tftp://192.0.2.1/pxelinux.0"
	Answer   string // "42.4 KB, PXELINUX 6.04", "TFTP error 1 (file not found)"
	Outcome  Outcome
	Start    time.Duration // since the start of the run
	Duration time.Duration
	Options  []dhcp.OptionText // of a DHCP message that was received
	File     *File             // of a file that was received
}

// File is a file that was fetched.
type File struct {
	URL      string
	Bytes    int64 // received
	Size     int64 // of the whole file, -1 when the server does not tell
	Partial  bool  // only the beginning was fetched
	SHA256   string
	Duration time.Duration
	Image    boot.Image // what it is
}

// Lease is the address that the client got.
type Lease struct {
	Address  netip.Prefix
	Gateway  netip.Addr // not valid when there is none
	Server   netip.Addr // option 54
	Duration time.Duration
	Released bool
}

// Warning is something that did not stop this boot and may stop another.
type Warning struct {
	Stage StageName
	Fault string // ID in the catalogue; "" when it is none of those
	Text  string
}

// Verdict is the answer: would the machine boot?
type Verdict struct {
	WouldBoot bool
	// Fault is why it would not; nil when it would.
	Fault *fault.Fault
	// Shown is what the screen shows then, in several lines perhaps; "" when
	// it shows nothing of its own.
	Shown string
	Stage StageName // where it stops; "" when it does not
	Why   string    // this case in particular; "" when it would boot
	// Sentence says it all: "would boot: ..." or
	// "would stop: PXE-E53: ...: why; what to do".
	Sentence string
}
