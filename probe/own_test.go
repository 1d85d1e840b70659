package probe

import (
	"maps"
	"net/netip"
	"testing"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// TestOwnServers: our DHCP and TFTP servers boot both firmwares, alone and as a
// proxy beside a DHCP server that knows nothing of boot files.
func TestOwnServers(t *testing.T) {
	files := pxelinuxTree()
	maps.Copy(files, shimTree())
	files["linux"].Data = bzImage(true)
	cfg := dhcp.Config{
		Servers: []netip.Addr{labServer},
		Boot:    dhcp.Boot{FileFor: map[boot.Arch]string{boot.ArchBIOS: "pxelinux.0", boot.ArchEFIX64: "efi/bootx64.efi"}},
	}
	alone, proxy := cfg, cfg
	alone.Subnets = []dhcp.Subnet{{
		Prefix: netip.MustParsePrefix("192.0.2.0/24"),
		Ranges: []lease.Range{{First: netip.MustParseAddr("192.0.2.100"), Last: netip.MustParseAddr("192.0.2.199")}},
	}}
	proxy.Proxy = true
	// The foreign server's ACK names the TFTP server, else GRUB would not find it.
	foreign := serves(func(m *dhcp.Message) { m.Options[1].Data = []byte{192, 0, 2, 7} })
	for name, l := range map[string]*lab{
		"alone": {own: &alone},
		"proxy": {own: &proxy, dhcp: foreign},
	} {
		for firmware, says := range map[string]string{"bios": `takes entry "install"`, "efi-x64": `takes entry "Install"`} {
			t.Run(name+" "+firmware, func(t *testing.T) {
				l := &lab{t: t, files: files, own: l.own, dhcp: l.dhcp}
				rep := l.run(Config{Profile: profile(t, firmware), UUID: testID.uuid})
				checkChain(t, rep, "", "", says, "")
				if !rep.Lease.Released {
					t.Error("the lease was not released")
				}
				for _, o := range rep.Offers {
					if !o.Taken || len(o.reply.Defects) > 0 {
						t.Errorf("offer %v: %s, %v", o, o.Reason, o.reply.Defects)
					}
				}
			})
		}
	}
}
