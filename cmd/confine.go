package cmd

import "github.com/spf13/cobra"

// confinement is what a server needs of the system once its sockets are open.
type confinement struct {
	read  []string // folders, with all that is and will be in them
	write []string // likewise
	self  bool     // what the system tells of this process, for metrics
}

// confineOptions is the flag of the servers that confine themselves.
type confineOptions struct{ noConfine bool }

func (o *confineOptions) addTo(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.noConfine, "no-confine", false, "keep all privileges and all files in reach")
}
