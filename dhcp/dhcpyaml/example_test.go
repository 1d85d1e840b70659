package dhcpyaml

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestExample reads the example of docs, which has every key that there is.
func TestExample(t *testing.T) {
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Read("serve-dhcp.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Config.Subnets) != 4 || len(d.Config.Hosts) != 4 || len(d.Config.Rules) != 6 {
		t.Errorf("%d subnets, %d hosts, %d rules", len(d.Config.Subnets), len(d.Config.Hosts), len(d.Config.Rules))
	}
	var s any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	eachKey(s, func(key string) {
		if !strings.Contains(string(text), key+": ") && !strings.Contains(string(text), key+":\n") {
			t.Errorf("%s is not in the example", key)
		}
	})
}

// eachKey tells the keys of a schema, without the names of options.
func eachKey(s any, yield func(string)) {
	switch s := s.(type) {
	case map[string]any:
		if _, ofOptions := s["patternProperties"]; ofOptions {
			return
		}
		properties, _ := s["properties"].(map[string]any)
		for name := range properties {
			yield(name)
		}
		for _, part := range s {
			eachKey(part, yield)
		}
	case []any:
		for _, part := range s {
			eachKey(part, yield)
		}
	}
}
