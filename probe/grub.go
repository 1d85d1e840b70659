package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"pxe/boot"
	"pxe/bootcfg"
	"pxe/dhcp"
	"pxe/fault"
	"pxe/fetch"
)

// grub is a GRUB that runs: where it reads.
type grub struct {
	*runner
	program program
	server  netip.Addr // of all names without a device
}

// grub follows GRUB: its configuration, under the folder that is built into
// it, and what boots when nobody touches a key.
func (r *runner) grub(ctx context.Context, p program) error {
	r.enter(StageConfig)
	r.screen = fault.OnGRUB
	g := &grub{runner: r, program: p}
	if err := g.findServer(); err != nil {
		return err
	}
	text, prefix, err := g.findConfig(ctx)
	if err != nil {
		return err
	}
	return g.follow(ctx, text, prefix)
}

// findServer is the next server of the ACK, whatever a proxy said
// (net/drivers/efi/efinet.c).
func (g *grub) findServer() error {
	g.server = g.ack.SIAddr
	if !isSet(g.server) {
		return stop(fault.GRUBWrongServer, "the ACK of %v has no next-server (siaddr), which is all that GRUB goes by", g.rep.Lease.Server)
	}
	if g.server != g.program.server {
		g.warn(fault.GRUBWrongServer, "GRUB came from %v and reads its configuration from %v, the next server of the ACK", g.program.server, g.server)
	}
	return nil
}

// grubPrefixes are the folders in which a GRUB looks for its configuration.
// Red Hat's builds, known by a prefix for disks, look beside themselves first;
// where no prefix can be read, the usual ones are tried.
func grubPrefixes(p program) []string {
	beside := "/" + strings.Trim(strings.ReplaceAll(folder(p.name), `\`, "/"), "/")
	built, ok := boot.GRUBPrefix(bytes.NewReader(p.data), int64(len(p.data)))
	if _, rest, hasDevice := strings.Cut(built, ")"); hasDevice { // "(tftp)/grub"
		built = rest
	}
	switch {
	case !ok:
		return uniq(beside, "/grub", "/boot/grub")
	case strings.HasPrefix(built, "/EFI/"):
		return uniq(beside, built)
	}
	return []string{built}
}

func uniq(names ...string) []string {
	var list []string
	for _, n := range names {
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// request asks for a file as GRUB does, from the server's root.
func (g *grub) request(url string, keep int) request {
	return request{
		url: url, name: pathOf(url), keep: keep, optional: true,
		options: fetch.GRUB().Read,
	}
}

// url is the file that a name in a configuration means.
func (g *grub) url(name string) (string, error) {
	name, err := bootcfg.ResolveGRUB(name)
	if err != nil || strings.Contains(name, "://") {
		return name, err
	}
	return tftpURL(g.server, name), nil
}

// named asks for a file that a configuration names.
func (g *grub) named(name string) (request, error) {
	url, err := g.url(name)
	return g.request(url, keepHead), err
}

// findConfig asks for each name in each folder until one is there. GRUB knows
// its UUID only from an option 97 that the server echoes.
func (g *grub) findConfig(ctx context.Context) (text []byte, prefix string, err error) {
	var uuid []byte
	if echo := g.ack.Options.Get(dhcp.OptionClientUUID); len(echo) == 17 {
		uuid = echo[1:]
	}
	prefixes := grubPrefixes(g.program)
	s := search{runner: g.runner, program: "GRUB", fault: fault.GRUBConfigNotFound}
	s.request = func(name string) request { return g.request(tftpURL(g.server, name), keepText) }
	for _, prefix := range prefixes {
		s.right = path.Join("/", prefix, bootcfg.GRUBLookup(nil, g.id.mac, netip.Addr{})[0])
		for _, name := range bootcfg.GRUBLookup(uuid, g.id.mac, g.rep.Lease.Address.Addr()) {
			c, err := s.ask(ctx, path.Join("/", prefix, name))
			switch {
			case err == nil:
				s.warn(ctx)
				return c.data, prefix, nil
			case missing(err):
			case g.server != g.program.server:
				return nil, "", g.blame(err)
			default:
				return nil, "", g.halted(err, "")
			}
		}
	}
	return nil, "", s.halt(ctx, fmt.Sprintf("%v has no grub.cfg in %s", g.server, strings.Join(prefixes, " or ")))
}

// blame is the halt for a server that gives nothing and is not the one that
// GRUB came from.
func (g *grub) blame(err error) error {
	f, ok := asFileError(err)
	if !ok {
		return err
	}
	return stop(fault.GRUBWrongServer, "GRUB came from %v and asks %v: %s", g.program.server, g.server, plain(f.err))
}

// follow takes what boots by itself, through configurations that name others.
func (g *grub) follow(ctx context.Context, text []byte, prefix string) error {
	env := bootcfg.GRUBEnv{Vars: g.variables(prefix), Read: func(name string) ([]byte, error) {
		url, err := g.url(name)
		if err != nil {
			return nil, err
		}
		c, err := g.get(ctx, g.request(url, keepText))
		return included(c, err)
	}}
	for range configHops {
		c, err := bootcfg.ParseGRUB(text, env)
		if err != nil {
			return stop(fault.GRUBNoEntry, "%v", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, w := range c.Warnings {
			g.warn(w.Fault, "%v", &w)
		}
		choice, err := c.DefaultEntry()
		if err != nil {
			return g.noChoice(err)
		}
		if choice.Waits {
			g.warn(fault.ConfigWaits, "the menu waits for a key before it boots anything")
		}
		if choice.Type != bootcfg.TypeConfig {
			return g.start(ctx, loader{name: g.program.loaderName(), request: g.named}, choice)
		}
		req, err := g.named(choice.Kernel)
		if err != nil {
			return g.noChoice(&bootcfg.Problem{Fault: fault.ConfigNotFollowed, Detail: err.Error()})
		}
		req.keep = keepText
		next, err := g.get(ctx, req)
		if err != nil && !errors.Is(err, errEmpty) {
			return g.halted(err, fault.ConfigIncludeFailed)
		}
		text = next.data
	}
	return stop(fault.GRUBNoEntry, "more than %d configurations name one another", configHops)
}

// variables are what GRUB has set before it reads its configuration.
func (g *grub) variables(prefix string) map[string]string {
	root := "tftp," + g.server.String()
	vars := map[string]string{
		"root": root, "prefix": "(" + root + ")" + prefix, "cmdpath": "(" + root + ")" + path.Join("/", folder(g.program.name)),
		"grub_platform": "pc", "grub_cpu": "i386",
		"net_default_server": g.server.String(),
		"net_default_mac":    g.id.mac.String(),
		"net_default_ip":     g.rep.Lease.Address.Addr().String(),
	}
	if g.p.uefi() {
		vars["grub_platform"] = "efi"
		vars["grub_cpu"] = grubCPU(g.p.Arch)
	}
	return vars
}

// grubCPU is what GRUB calls the processor of a UEFI architecture.
func grubCPU(a boot.Arch) string {
	switch a.Base() {
	case boot.ArchEFIIA32:
		return "i386"
	case boot.ArchEFIARM:
		return "arm"
	case boot.ArchEFIARM64:
		return "arm64"
	case boot.ArchEFIRISCV64:
		return "riscv64"
	}
	return "x86_64"
}

// noChoice ends a configuration from which it cannot be told what boots: a halt
// when nothing does, else a stage that is not followed.
func (g *grub) noChoice(err error) error {
	var problem *bootcfg.Problem
	if !errors.As(err, &problem) || problem.Fault != fault.ConfigNotFollowed {
		return configHalt(err)
	}
	g.warn(problem.Fault, "%v", problem)
	g.skip(StatusNotFollowed, "not followed: "+problem.Error(), StageKernel, StageInitrd)
	g.goal = fmt.Sprintf("%s reads its configuration; what it then boots only a running machine can tell (%v)", g.program.loaderName(), problem)
	return nil
}
