package dhcpyaml

import "encoding/json"

// schema is a JSON schema, or a part of one.
type schema map[string]any

// definitions are the parts of a schema that have a name.
type definitions map[string]schema

// Schema is the JSON schema (2020-12) of a Document. It finds what Read refuses
// in a single key; what keys mean together only Read knows.
func Schema() []byte {
	d := definitions{}
	s := documentForm().schema(d)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "A configuration file of pxe serve-dhcp"
	s["$defs"] = d
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // maps, texts and numbers
	}
	return append(text, '\n')
}
