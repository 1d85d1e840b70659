package cmd

import (
	"strings"
	"time"
)

// The events of a configuration that is read again.
const (
	eventReloaded     = "reloaded"
	eventReloadFailed = "reload-failed"
)

// reloadedJSON is the line of a configuration that has taken the place of
// another.
type reloadedJSON struct {
	Event    string    `json:"event"` // "reloaded"
	Time     time.Time `json:"time"`
	File     string    `json:"file"`
	Because  string    `json:"because"` // "SIGHUP", "changed"
	Subnets  change    `json:"subnets"`
	Hosts    change    `json:"hosts"`
	Rules    change    `json:"rules"`
	Others   []string  `json:"others,omitempty"` // keys of the file that are not as they were
	Warnings []string  `json:"warnings,omitempty"`
}

// reloaded tells what has changed.
func (v dhcpView) reloaded(l reloadedJSON) {
	if v.json != nil {
		v.write(l)
		return
	}
	attrs := []any{"file", l.File, "because", l.Because}
	for _, part := range []struct{ name, text string }{
		{"subnets", l.Subnets.String()}, {"hosts", l.Hosts.String()}, {"rules", l.Rules.String()}, {"others", strings.Join(l.Others, " ")},
	} {
		if part.text != "" {
			attrs = append(attrs, part.name, part.text)
		}
	}
	if len(attrs) == 4 {
		attrs = append(attrs, "changes", "none")
	}
	v.log.Info("read the configuration again", attrs...)
	for _, w := range l.Warnings {
		v.log.Warn(w)
	}
}

// reloadFailedJSON is the line of a file that was refused.
type reloadFailedJSON struct {
	Event   string    `json:"event"` // "reload-failed"
	Time    time.Time `json:"time"`
	File    string    `json:"file"`
	Because string    `json:"because"`
	Error   string    `json:"error"`
	Hint    string    `json:"hint,omitempty"`
}

// reloadFailed tells why the server goes on as it was.
func (v dhcpView) reloadFailed(file, because string, err error) {
	if v.json != nil {
		v.write(reloadFailedJSON{eventReloadFailed, time.Now(), file, because, err.Error(), hintOf(err)})
		return
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			v.log.Error("the new configuration is not good; the server goes on with the old one", "err", line, "hint", hintOf(err))
			continue
		}
		v.log.Error("and", "err", line)
	}
}
