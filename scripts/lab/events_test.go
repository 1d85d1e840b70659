//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// request is a line of pxe serve-tftp or pxe serve-http about one file.
type request struct {
	Event string `json:"event"`
	Sent  int64  `json:"sent_bytes"`
	Total int64  `json:"total_bytes"`

	Outcome   string `json:"outcome"` // TFTP
	File      string `json:"file"`
	BlockSize int    `json:"blksize_bytes"`
	Window    int    `json:"window_blocks"`

	Method string `json:"method"` // HTTP
	Path   string `json:"path"`
	Status int    `json:"status"`
	Agent  string `json:"user_agent"`
}

// String is what tests compare: how a file went, and by which blocks.
func (r request) String() string {
	if r.Path != "" {
		agent := r.Agent
		if end := strings.IndexAny(agent, "/ "); end >= 0 {
			agent = agent[:end]
		}
		return fmt.Sprintf("%s %s %s %d", agent, r.Method, r.Path, r.Status)
	}
	return fmt.Sprintf("%s %s %dx%d", r.File, r.Outcome, r.Window, r.BlockSize)
}

// requests are the requests that a server has told of, until now.
func requests(t *testing.T, server *Proc) []request {
	t.Helper()
	var all []request
	for line := range strings.Lines(server.Out.String()) {
		var r request
		if json.Unmarshal([]byte(line), &r) == nil && r.Event == "request" {
			all = append(all, r)
		}
	}
	return all
}

// wantRequests checks that these requests were made, in this order, perhaps with
// others between them; that none failed; and that whatever came, came whole.
func wantRequests(t *testing.T, server *Proc, want ...string) {
	t.Helper()
	var seen []string
	missing := want
	for _, r := range requests(t, server) {
		seen = append(seen, r.String())
		if len(missing) > 0 && r.String() == missing[0] {
			missing = missing[1:]
		}
		if r.Outcome == "failed" || (r.Outcome == "done" || r.Method == "GET" && r.Status == 200) && r.Sent != r.Total {
			t.Errorf("%v: %d of %d bytes", r, r.Sent, r.Total)
		}
	}
	if len(missing) > 0 {
		t.Errorf("no request %q, or too early, among\n%s", missing[0], strings.Join(seen, "\n"))
	}
}
