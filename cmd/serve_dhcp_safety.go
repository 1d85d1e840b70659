package cmd

import (
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"pxe/dhcp"
)

// safetyOptions guard a DHCP server, and the network from it.
type safetyOptions struct {
	confineOptions
	noARPProbe bool
	clientRate int
	totalRate  int
}

// mostRate is more messages per second than any server reads.
const mostRate = 1 << 24

func (o *safetyOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	o.confineOptions.addTo(cmd)
	f.BoolVar(&o.noARPProbe, "no-arp-probe", false, "offer new addresses at once, without asking whether somebody has them")
	o.clientRate = dhcp.DefaultClientRate
	f.Var(newValue(&o.clientRate, "int", intBetween(0, mostRate), strconv.Itoa), "client-rate", "take at most `N` messages a second of one machine, and twice as many at once; 0: no limit")
	f.Var(newValue(&o.totalRate, "int", intBetween(0, mostRate), strconv.Itoa), "total-rate", "take at most `N` messages a second of all machines together; 0: no limit")
}

// confine leaves the server the folders of its leases and of its configuration,
// whose files may be replaced there.
// Its sockets are open by now, those of the searches for other servers as well.
func (d *dhcpServer) confine() error {
	c := confinement{self: d.o.metrics != ""}
	if d.leases != nil || d.once != nil {
		c.write = []string{filepath.Dir(d.o.leaseFile)}
	}
	for name := range d.file.files { // which are read again, see follow
		c.read = append(c.read, filepath.Dir(name))
		if target, err := filepath.EvalSymlinks(name); err == nil {
			c.read = append(c.read, filepath.Dir(target))
		}
	}
	return d.o.confine(d.view.log, c)
}
