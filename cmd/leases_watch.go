package cmd

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"pxe/dhcp/lease"
)

// leaseWatchEvery is how often a lease file is looked at.
const leaseWatchEvery = time.Second

// leaseChangeJSON is a line of --watch.
type leaseChangeJSON struct {
	Change string    `json:"change"` // "there" at the start, "new", "changed", "gone"
	Time   time.Time `json:"time"`
	leaseLineJSON
}

// watchLeases shows leases as they change, until the context ends: as a table on a
// terminal, else a line a change.
func watchLeases(ctx context.Context, s Streams, o leasesOptions, path string) error {
	ticker := time.NewTicker(leaseWatchEvery)
	defer ticker.Stop()
	var store *lease.Store
	var last fs.FileInfo
	var loss leaseFileLoss // as was told
	table := s.OutTTY && !o.json()
	var shown map[leaseID]leaseRow // nil: nothing was yet
	lines := newJSONLines(s.Out)
	for {
		if info := stat(path); last == nil || !sameFile(info, last) {
			var err error
			if store, err = o.read(path); err != nil {
				return err
			}
			last = info
			if l := lossOf(path, store); l != loss {
				loss = l
				if !table {
					loss.warn(s, o.common)
				}
			}
		}
		now := time.Now()
		rows := o.rows(store.Leases(now), now)
		if table {
			redraw(s, rows, loss, now)
		} else {
			for _, c := range leaseChanges(shown, rows) {
				line := leaseChangeJSON{c.change, now, c.row.json()}
				if o.json() {
					if err := lines.write(line); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(s.Out, "%s  %-7s  %s  %s  %s  %s  %s\n", now.Format(time.TimeOnly), c.change,
					c.row.Addr, line.leaseClient, c.row.word(), c.row.ends(now), printable(c.row.Name))
			}
			shown = byID(rows)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// redraw fills the terminal with the table.
func redraw(s Streams, rows []leaseRow, loss leaseFileLoss, now time.Time) {
	width, height := s.errSize()
	lines := leaseTable(s, rows, now)
	room := height - 2
	if loss.lines > 0 {
		room--
	}
	if len(lines) > room && room > 0 {
		lines = append(lines[:room], fmt.Sprintf("and %d more", len(lines)-room))
	}
	if loss.lines > 0 {
		lines = append(lines, fmt.Sprintf("lines of the file that could not be read: %d", loss.lines))
	}
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, width-1, "…")
	}
	fmt.Fprint(s.Out, "\x1b[H\x1b[J", strings.Join(lines, "\n"), "\n")
}

// leaseID is what a row stays the same by.
type leaseID struct {
	addr        netip.Addr
	reservation bool
}

func (r leaseRow) id() leaseID { return leaseID{r.Addr, r.State == lease.Reserved} }

func byID(rows []leaseRow) map[leaseID]leaseRow {
	m := make(map[leaseID]leaseRow, len(rows))
	for _, r := range rows {
		m[r.id()] = r
	}
	return m
}

type leaseChange struct {
	change string
	row    leaseRow
}

// leaseChanges are the differences between two moments; nil was before the first.
func leaseChanges(shown map[leaseID]leaseRow, rows []leaseRow) []leaseChange {
	var changes []leaseChange
	now := byID(rows)
	for id, r := range shown {
		if _, ok := now[id]; !ok {
			changes = append(changes, leaseChange{"gone", r})
		}
	}
	for _, r := range rows {
		old, ok := shown[r.id()]
		switch {
		case shown == nil:
			changes = append(changes, leaseChange{"there", r})
		case !ok:
			changes = append(changes, leaseChange{"new", r})
		case old != r:
			changes = append(changes, leaseChange{"changed", r})
		}
	}
	return changes
}
