package dhcp

import (
	"pxe/boot"
	"pxe/dhcp/once"
)

// once reports whether the client's firmware, or what it started, may boot from
// the network one time only.
func (x *exchange) once() bool { return x.told.once && x.s.Once != nil && x.class() != "" }

// hadItsBoot reports whether the client may boot from the network no more.
func (x *exchange) hadItsBoot() bool {
	return x.once() && x.s.Once.State(x.m.CHAddr, x.now) == once.Done
}

// noteBoot notes that a reply tells a client what to boot, for the one time, and
// reports whether there is something to write before it leaves.
func (x *exchange) noteBoot() bool {
	if !x.once() || x.chosen.file == "" {
		return false
	}
	x.s.Once.Begin(x.m.CHAddr, x.now)
	return true
}

// noteSystem notes that what a machine booted is up: a client asks that is no boot
// loader. Until then its boot loaders ask as often as they like.
func (x *exchange) noteSystem() {
	if x.s.Once != nil && x.machine.Kind == boot.KindPlain {
		x.s.Once.Finish(x.m.CHAddr, x.now)
	}
}
