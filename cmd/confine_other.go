//go:build !linux

package cmd

import "log/slog"

// confine does nothing on this system.
func (o confineOptions) confine(*slog.Logger, confinement) error { return nil }
