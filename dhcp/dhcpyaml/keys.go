package dhcpyaml

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// k is a key that may be left out.
func k[T, F any](name, doc, standard string, f form[F], of func(*T) *F) key[T] {
	return field[T, F]{keyInfo{name: name, doc: doc, standard: standard}, f, of}
}

// must is a key that has to be there.
func must[T, F any](name, doc string, f form[F], of func(*T) *F) key[T] {
	return field[T, F]{keyInfo{name: name, doc: doc, required: true}, f, of}
}

func documentForm() form[Document] {
	type d = Document
	return mapping[d]{whole: interfacesOnce, keys: []key[d]{
		k("interfaces", "The interfaces to serve on. Without it: those with an address in one of the subnets.", "", list[string]{text()}, func(v *d) *[]string { return &v.Interfaces }),
		k("lease_file", "Where the leases are kept. Without it: in the state directory.", "", text(), func(v *d) *string { return &v.LeaseFile }),
		k("proxy", "Give no addresses; tell what to boot beside another DHCP server.", "false", yesNo{}, func(v *d) *bool { return &v.Config.Proxy }),
		k("authoritative", "Refuse or adopt machines with addresses that this server does not know of. Leave it off beside other servers.", "false", yesNo{}, func(v *d) *bool { return &v.Config.Authoritative }),
		k("boot_only", "Answer only machines that boot from the network, or did before, and the hosts below.", "false", yesNo{}, func(v *d) *bool { return &v.Config.BootOnly }),
		k("by_client_id", "Tell machines apart by option 61 where they send it, not by their MAC alone (RFC 2131 4.2).", "false", yesNo{}, func(v *d) *bool { return &v.Config.ByClientID }),
		k("subnets", "The networks whose machines get addresses, and what these are told.", "", list[dhcp.Subnet]{subnetForm()}, func(v *d) *[]dhcp.Subnet { return &v.Config.Subnets }),
		k("hosts", "Machines with an address, a name or settings of their own. What a host says goes before the rules.", "", list[dhcp.Host]{hostForm()}, func(v *d) *[]dhcp.Host { return &v.Config.Hosts }),
		k("boot", "What machines boot for which neither a host nor a rule names a file.", "", bootForm(), func(v *d) *dhcp.Boot { return &v.Config.Boot }),
		k("rules", "What some machines are told in particular. Of two rules for a machine the first one counts, for each thing that it says.", "", list[dhcp.Rule]{ruleForm()}, func(v *d) *[]dhcp.Rule { return &v.Config.Rules }),
	}}
}

// interfacesOnce refuses an interface that is named twice.
func interfacesOnce(r *reader, n *node, v *Document) {
	for i, name := range v.Interfaces {
		if slices.Contains(v.Interfaces[:i], name) {
			r.fault(n.value("interfaces").entry(i), "leave one out", "interface %s is there twice", name)
		}
	}
}

func subnetForm() form[dhcp.Subnet] {
	type s = dhcp.Subnet
	return mapping[s]{keys: []key[s]{
		must("subnet", "The network.", prefix(), func(v *s) *netip.Prefix { return &v.Prefix }),
		k("network", "A name that subnets of one wire have in common: a machine may get an address of any of them.", "", text(), func(v *s) *string { return &v.Network }),
		k("ranges", "The addresses to give out, first and last.", "", list[lease.Range]{addrRange()}, func(v *s) *[]lease.Range { return &v.Ranges }),
		k("for", "Who gets addresses of the ranges. Without it: everybody.", "", matchForm(), func(v *s) *dhcp.Match { return &v.For }),
		k("bootp", "Give BOOTP clients addresses of the ranges too; they keep them for ever.", "false", yesNo{}, func(v *s) *bool { return &v.BOOTP }),
		k("router", "The default gateway.", "", addr(), func(v *s) *netip.Addr { return &v.Router }),
		k("dns", "The DNS servers.", "", list[netip.Addr]{addr()}, func(v *s) *[]netip.Addr { return &v.DNS }),
		k("domain", "The DNS domain of the machines.", "", text(), func(v *s) *string { return &v.Domain }),
		k("lease_time", "How long a lease lasts for machines that ask for no time.", dhcp.FormatTime(dhcp.DefaultLeaseTime), duration(), func(v *s) *time.Duration { return &v.LeaseTime }),
		k("max_lease_time", "The longest lease that a machine gets by asking. Without it: 12h, or the lease_time if that is longer.", "", duration(), func(v *s) *time.Duration { return &v.MaxLeaseTime }),
		k("min_lease_time", "The shortest lease that a machine gets. Without it: 2m, or the lease_time if that is shorter.", "", duration(), func(v *s) *time.Duration { return &v.MinLeaseTime }),
		k("options", "Further options, by name or number.", "", optionsForm(), func(v *s) *dhcp.Options { return &v.Options }),
	}}
}

func hostForm() form[dhcp.Host] {
	type h = dhcp.Host
	keys := []key[h]{
		k("mac", "The machine's MAC address.", "", mac(), func(v *h) *net.HardwareAddr { return &v.MAC }),
		k("client_id", "In place of the MAC: what the machine sends as option 61.", "", clientID(), func(v *h) *[]byte { return &v.ClientID }),
		k("addresses", "The machine's own addresses, one a subnet. Without it: one of the ranges.", "", list[netip.Addr]{addr()}, func(v *h) *[]netip.Addr { return &v.Addrs }),
		k("name", "The machine's host name.", "", text(), func(v *h) *string { return &v.Name }),
		k("boot", "What the machine boots, by architecture, in place of the table for all.", "", optional[dhcp.Boot]{bootForm()}, func(v *h) **dhcp.Boot { return &v.Boot }),
	}
	return mapping[h]{
		keys: append(keys, within(settingsKeys(), func(v *h) *dhcp.Settings { return &v.Settings })...),
		whole: func(r *reader, n *node, v *h) {
			if n.value("mac") == nil == (n.value("client_id") == nil) {
				r.fault(n, "add mac: 52:54:00:12:34:56, or leave one out", "a host needs either a mac or a client_id")
			}
		},
	}
}

func ruleForm() form[dhcp.Rule] {
	type r = dhcp.Rule
	keys := []key[r]{
		k("name", "How events and --explain call the rule. Without it: by file and line.", "", text(), func(v *r) *string { return &v.Name }),
		k("match", "Which machines it is for: all that is set has to hold, and of a list one entry. Without it: all machines.", "", matchForm(), func(v *r) *dhcp.Match { return &v.Match }),
	}
	return mapping[r]{
		keys: append(keys, within(settingsKeys(), func(v *r) *dhcp.Settings { return &v.Settings })...),
		whole: func(read *reader, n *node, v *r) {
			if v.Name == "" {
				v.Name = fmt.Sprintf("%s:%d", read.file, n.line)
			}
		},
	}
}

// settingsKeys are those that a host and a rule have in common.
func settingsKeys() []key[dhcp.Settings] {
	type s = dhcp.Settings
	return []key[s]{
		k("next_server", "The TFTP server.", "", addr(), func(v *s) *netip.Addr { return &v.NextServer }),
		k("file", "What to boot. Machines that cannot run it pass it over.", "", text(), func(v *s) *string { return &v.File }),
		k("local_boot", "Boot from the machine's disk, in place of a file.", "", yesNo{}, func(v *s) *bool { return &v.LocalBoot }),
		k("ignore", "Give the machine no answer at all.", "", yesNo{}, func(v *s) *bool { return &v.Ignore }),
		k("once", "Boot from the network one time, then from its disk until `pxe arm` names it.", "", yesNo{}, func(v *s) *bool { return &v.Once }),
		k("options", "Options in place of the subnet's, or beside them, by name or number.", "", optionsForm(), func(v *s) *dhcp.Options { return &v.Options }),
		k("lease_time", "How long a lease lasts for machines that ask for no time.", "", duration(), func(v *s) *time.Duration { return &v.LeaseTime }),
		k("max_lease_time", "The longest lease that a machine gets by asking.", "", duration(), func(v *s) *time.Duration { return &v.MaxLeaseTime }),
		k("min_lease_time", "The shortest lease that a machine gets.", "", duration(), func(v *s) *time.Duration { return &v.MinLeaseTime }),
		k("quirks", "What certain firmware needs: on or off, whatever the firmware is.", "", dict[dhcp.Quirk, bool]{quirk(), yesNo{}}, func(v *s) *map[dhcp.Quirk]bool { return &v.Quirks }),
	}
}

func bootForm() form[dhcp.Boot] {
	return named[dhcp.Boot]{"boot", func() form[dhcp.Boot] {
		type b = dhcp.Boot
		return mapping[b]{keys: []key[b]{
			k("next_server", "The TFTP server. Without it: this machine.", "", addr(), func(v *b) *netip.Addr { return &v.NextServer }),
			k("file", "What BIOS machines boot, and those that do not say what they are.", "", text(), func(v *b) *string { return &v.File }),
			k("file_for", "What machines of an architecture boot. Those in neither get no file.", "", dict[boot.Arch, string]{arch(), text()}, func(v *b) *map[boot.Arch]string { return &v.FileFor }),
			k("http_url", "Where UEFI HTTP Boot finds the files: names that are no URLs follow it.", "", text(), func(v *b) *string { return &v.HTTPURL }),
			k("ipxe", "What machines boot that run iPXE already: a script's URL, mostly.", "", text(), func(v *b) *string { return &v.IPXE }),
		}}
	}}
}

func matchForm() form[dhcp.Match] {
	return named[dhcp.Match]{"match", func() form[dhcp.Match] {
		type m = dhcp.Match
		return mapping[m]{keys: []key[m]{
			k("arch", "Architectures: bios, efi-x64, efi-arm64 ..., or numbers of option 93.", "", list[boot.Arch]{arch()}, func(v *m) *[]boot.Arch { return &v.Arch }),
			k("kind", "Kinds of clients: pxe, http, ipxe, uboot, grub, rpi, or plain.", "", list[boot.Kind]{kind()}, func(v *m) *[]boot.Kind { return &v.Kind }),
			k("mac", "MAC addresses, or how they begin.", "", list[dhcp.MACPrefix]{macPrefix()}, func(v *m) *[]dhcp.MACPrefix { return &v.MAC }),
			k("uuid", "UUIDs of machines, as option 97 or dmidecode has them.", "", list[[16]byte]{uuid()}, func(v *m) *[][16]byte { return &v.UUID }),
			k("subnet", "Networks that hold the machine's address.", "", list[netip.Prefix]{prefix()}, func(v *m) *[]netip.Prefix { return &v.Subnet }),
			k("range", "Ranges from which the machine gets its address.", "", list[lease.Range]{addrRange()}, func(v *m) *[]lease.Range { return &v.Range }),
			k("vendor_class", "How option 60 begins.", "", list[string]{octetText()}, func(v *m) *[]string { return &v.VendorClass }),
			k("user_class", "What option 77 is.", "", list[string]{octetText()}, func(v *m) *[]string { return &v.UserClass }),
			k("circuit_id", "What the relay says of its port (82.1).", "", list[string]{octetText()}, func(v *m) *[]string { return &v.CircuitID }),
			k("remote_id", "What the relay says of itself, or of the modem (82.2).", "", list[string]{octetText()}, func(v *m) *[]string { return &v.RemoteID }),
			k("known", "Only machines that are listed as hosts.", "", yesNo{}, func(v *m) *bool { return &v.Known }),
			k("test", "One value of the machine's message.", "", optional[dhcp.Test]{testForm()}, func(v *m) **dhcp.Test { return &v.Test }),
			k("all", "Every one of these has to hold.", "", list[m]{matchForm()}, func(v *m) *[]m { return &v.All }),
			k("any", "One of these has to hold.", "", list[m]{matchForm()}, func(v *m) *[]m { return &v.Any }),
			k("not", "This must not hold.", "", optional[m]{matchForm()}, func(v *m) **m { return &v.Not }),
		}}
	}}
}

func optionsForm() form[dhcp.Options] {
	return named[dhcp.Options]{"options", func() form[dhcp.Options] { return options{} }}
}
