package cmd

import "log/slog"

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
}
