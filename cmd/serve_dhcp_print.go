package cmd

import (
	"fmt"

	"pxe/dhcp/dhcpyaml"
)

// runPrintDHCP writes the configuration that would be served, as the file that
// --config takes.
func runPrintDHCP(s Streams, o serveDHCPOptions) error {
	if o.json() {
		return withHint(usagef("--print-config writes YAML"), "leave out -o json")
	}
	d := &dhcpServer{o: o, view: newDHCPView(s, o.common)}
	doc := dhcpyaml.Document{Interfaces: o.ifaces, LeaseFile: o.leaseFile}
	if o.configFile == "" {
		if err := d.configure(); err != nil {
			return err
		}
		doc.Config = d.cfg
	} else {
		c, err := o.goodConfig()
		if err != nil {
			return err
		}
		for _, w := range warningTexts(c) {
			d.view.log.Warn(w)
		}
		doc.Config = c.Config
		if len(o.ifaces) == 0 {
			doc.Interfaces = c.document.Interfaces
		}
		if o.leaseFile == "" {
			doc.LeaseFile = c.document.LeaseFile
		}
	}
	if err := dhcpyaml.Write(s.Out, doc); err != nil {
		return fmt.Errorf("--print-config: %w", err)
	}
	return nil
}
