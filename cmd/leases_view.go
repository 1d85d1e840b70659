package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"pxe/dhcp/lease"
)

// leaseClient is whose lease it is: a MAC, or what else the client called itself
// by in option 61, in hex.
type leaseClient struct {
	MAC      string `json:"mac,omitempty"`
	ClientID string `json:"client_id,omitempty"`
}

func clientOf(key lease.Key) leaseClient {
	if len(key) == 7 && key[0] == 1 { // Ethernet, see dhcp.KeyOfMAC
		return leaseClient{MAC: net.HardwareAddr(key[1:]).String()}
	}
	return leaseClient{ClientID: key.String()}
}

func (c leaseClient) String() string {
	if c.ClientID != "" {
		return "id " + c.ClientID
	}
	return c.MAC
}

// leaseLineJSON is one lease or reservation.
type leaseLineJSON struct {
	Address netip.Addr `json:"address"`
	leaseClient
	Name     string     `json:"name,omitempty"`
	State    string     `json:"state"`
	Reserved bool       `json:"reserved,omitempty"` // the address is kept for this client
	Expires  *time.Time `json:"expires,omitempty"`  // none: never
}

func (r leaseRow) json() leaseLineJSON {
	line := leaseLineJSON{Address: r.Addr, leaseClient: clientOf(r.Key), Name: r.Name, State: r.state, Reserved: r.reserved}
	if !r.Expires.IsZero() {
		line.Expires = &r.Expires
	}
	return line
}

// minName is how much of a name is shown at least, in characters.
const minName = 12

// leaseTable shows leases for people, the heading first. On a terminal names are cut
// where one of 255 bytes would have all lines wrap.
func leaseTable(s Streams, rows []leaseRow, now time.Time) []string {
	st := newStyles(s, s.Out, s.OutTTY)
	if len(rows) == 0 {
		return []string{st.dim.Render("no leases")}
	}
	cells := [][]string{{"ADDRESS", "CLIENT", "NAME", "STATE", "ENDS"}}
	for _, r := range rows {
		cells = append(cells, []string{r.Addr.String(), clientOf(r.Key).String(), printable(r.Name), r.word(), r.ends(now)})
	}
	const nameColumn = 2
	var widths [5]int
	for _, line := range cells {
		for i, text := range line {
			widths[i] = max(widths[i], lipgloss.Width(text))
		}
	}
	if s.OutTTY {
		width, _ := s.errSize()
		for i, w := range widths {
			if i != nameColumn {
				width -= w + 2
			}
		}
		widths[nameColumn] = min(widths[nameColumn], max(width, minName))
		for _, line := range cells {
			line[nameColumn] = ansi.Truncate(line[nameColumn], widths[nameColumn], "…")
		}
	}
	lines := make([]string, len(cells))
	for n, line := range cells {
		for i, text := range line {
			line[i] = text + strings.Repeat(" ", widths[i]-lipgloss.Width(text))
		}
		lines[n] = strings.TrimRight(strings.Join(line, "  "), " ")
		switch {
		case n == 0:
			lines[n] = st.bold.Render(lines[n])
		case rows[n-1].state == "declined":
			lines[n] = st.warn.Render(lines[n])
		case rows[n-1].state == "expired", rows[n-1].state == "released":
			lines[n] = st.dim.Render(lines[n])
		}
	}
	return lines
}

// word is the state, with a mark where the client's address is reserved for it.
func (r leaseRow) word() string {
	if r.reserved && r.State != lease.Reserved {
		return r.state + " (reserved)"
	}
	return r.state
}

// ends is when the lease or the quarantine ends or ended: "in 5h59m, 15:04:05",
// "2d ago, 2026-01-02 15:04:05".
func (r leaseRow) ends(now time.Time) string {
	if r.State == lease.Reserved || r.Expires.IsZero() {
		return "never"
	}
	local := r.Expires.In(now.Location())
	layout := time.DateTime
	if local.Format(time.DateOnly) == now.Format(time.DateOnly) {
		layout = time.TimeOnly
	}
	if left := r.Expires.Sub(now); left >= 0 {
		return fmt.Sprintf("in %s, %s", formatSpan(left), local.Format(layout))
	}
	return fmt.Sprintf("%s ago, %s", formatSpan(now.Sub(r.Expires)), local.Format(layout))
}

// formatSpan is a time in its two largest units.
func formatSpan(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
