package cmd

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// serverView is where a server shows what it does: log lines for people, JSON
// lines on standard output for programs. The view of each server is made of one.
type serverView struct {
	log  *slog.Logger
	json *jsonLines // nil for people
}

func newServerView(s Streams, c common) serverView {
	v := serverView{log: newLogger(s, c)}
	if c.json() {
		v.json = newJSONLines(s.Out)
	}
	return v
}

// write prints one JSON line; a reader that went away does not stop the server.
func (v serverView) write(line any) { _ = v.json.write(line) }

// listeningJSON is the first line of a file server: now it can be asked.
type listeningJSON struct {
	Event string `json:"event"` // "listening"
	URL   string `json:"url"`
	Root  string `json:"root"`
	// Roots are all of them, where there are several.
	Roots  []string `json:"roots,omitempty"`
	Upload string   `json:"upload,omitempty"` // the folder that takes files
}

// leftOutJSON tells of events of which there were too many.
type leftOutJSON struct {
	Event string    `json:"event"` // "left-out"
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"`
	Count int       `json:"count"`
	// Client is the one that caused them, where clients are counted one by one.
	Client netip.Addr `json:"client,omitzero"`
}

// leftOut shows how many events of a kind were not shown; what is the kind in
// words, client the zero value where they are of all.
func (v serverView) leftOut(level slog.Level, kind, what string, client netip.Addr, count int) {
	if v.json != nil {
		v.write(leftOutJSON{"left-out", time.Now(), kind, count, client})
		return
	}
	attrs := []any{"what", what, "left_out", count}
	if client.IsValid() {
		attrs = append(attrs, "client", client)
	}
	v.log.Log(context.Background(), level, "and more of the same", attrs...)
}
