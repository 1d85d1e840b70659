// Package fault is the catalogue of the ways in which a network boot breaks.
// A fault is one cause as a tool can tell it from others: it says what each
// firmware shows for it, what that means, what leads to it and what to do. The
// probe, the watcher and the linter all name faults from here.
package fault
