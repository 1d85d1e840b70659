// Package dhcpyaml reads and writes a dhcp.Config as YAML.
//
// One table of keys (keys.go) says what there is: it reads, it writes with
// comments, and it makes the JSON schema, so that the three cannot differ.
//
//	Read     text -> node -> Document, then dhcp.Config.Validate
//	Write    Document -> node -> text
//
// Reading is strict. A key that there is not, a value that does not fit, a key
// that is there twice: each is a dhcp.FileError with its place and what to do,
// and all of them are told at once. Anchors, aliases and tags are refused.
package dhcpyaml
