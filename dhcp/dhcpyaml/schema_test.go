package dhcpyaml

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:generate go test -run TestSchemaFile -update

var update = flag.Bool("update", false, "write the schema in docs anew")

const schemaFile, exampleFile = "../../docs/serve-dhcp.schema.json", "../../docs/serve-dhcp.yaml"

// TestSchemaFile keeps the schema in docs what the keys say.
func TestSchemaFile(t *testing.T) {
	if *update {
		if err := os.WriteFile(schemaFile, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Schema()) {
		t.Errorf("%s is not what the keys say; `go generate ./dhcp/dhcpyaml` writes it", schemaFile)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", text); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemaTakes validates what Read takes.
func TestSchemaTakes(t *testing.T) {
	s := compiled(t)
	example, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"example": string(example), "everything": string(written(t, everything())),
		"numbers":     lan + "hosts: {mac: 525400123456}\nrules: {match: {arch: [7, arch-77]}, lease_time: 60, options: {150: 0xc0000201, mtu: 0x05dc}}",
		"single ones": lan + "interfaces: eth0\nrules: {match: {any: {known: yes}, not: {kind: pxe}}, quirks: {pad-300: off}, options: {ntp: 192.0.2.1, 224: [192.0.2.1]}}",
	} {
		if _, err := Read("a.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Validate(decoded(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaRefuses validates what Read refuses, in the same place.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, tt := range []struct{ name, text, where string }{
		{"unknown key", lan + "authoritive: true", "''"},
		{"unknown key inside", "subnets: [{subnet: 192.0.2.0/24, range: 192.0.2.9}]", "/subnets/0"},
		{"missing key", "subnets: [{ranges: 192.0.2.9-192.0.2.10}]", "/subnets/0"},
		{"not a map", lan + "boot: pxelinux.0", "/boot"},
		{"number for a text", lan + "boot: {file: 12}", "/boot/file"},
		{"truth", lan + "boot_only: maybe", "/boot_only"},
		{"address", "subnets: {subnet: 192.0.2.0/24, router: 192.0.2}", "/subnets/router"},
		{"MAC", lan + "hosts: [{mac: 52:54:00:12:34}]", "/hosts/0/mac"},
		{"time", "subnets: {subnet: 192.0.2.0/24, lease_time: soon}", "/subnets/lease_time"},
		{"architecture", lan + "rules: [{match: {any: [{arch: [efi-x46]}]}}]", "/rules/0/match/any/0/arch/0"},
		{"kind", lan + "rules: [{match: {kind: [pxe, ipx]}}]", "/rules/0/match/kind/1"},
		{"quirk", lan + "rules: [{quirks: {pad300: on}}]", "'pad300'"}, // the library names another place for it at times,
		{"option", lan + "rules: [{options: {mut: 1400}}]", "/rules/0/options"},
		{"option's value", lan + "rules: [{options: {ntp: [192.0.2.1, pool]}}]", "/rules/0/options/ntp/1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Read("a.yaml", []byte(tt.text)); err == nil {
				t.Error("Read takes it")
			}
			if err := s.Validate(decoded(t, tt.text)); err == nil || !strings.Contains(err.Error(), tt.where) {
				t.Errorf("got %v, want a fault at %s", err, tt.where)
			}
		})
	}
}
