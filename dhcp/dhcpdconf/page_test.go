package dhcpdconf

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/dhcpd-conf.md"

// row is one of the page's tables.
type row struct {
	section    string // Taken, Taken with a warning, Refused
	statements []string
	places     []string
	words      string
}

// rows are those of the page.
func rows(t *testing.T, text string) []row {
	t.Helper()
	var list []row
	section := ""
	code := regexp.MustCompile("`[^`]*`")
	for line := range strings.SplitSeq(text, "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		if len(cells) != 3 {
			t.Fatalf("a row of %d cells: %s", len(cells), line)
		}
		r := row{section: section, places: strings.Split(cells[1], ", "), words: cells[2]}
		for _, s := range code.FindAllString(cells[0], -1) {
			r.statements = append(r.statements, strings.Trim(s, "`"))
		}
		if cells[1] == "everywhere" {
			r.places = []string{"file", "group", "shared-network", "subnet", "pool", "class", "subclass", "if", "host"}
		}
		list = append(list, r)
	}
	return list
}

// placed is a configuration with a statement in a place.
func placed(t *testing.T, statement, place string) string {
	t.Helper()
	hardware, match := "hardware ethernet 2:0:0:0:0:7; ", "match if exists host-name; "
	if strings.HasPrefix(statement, "hardware") || strings.HasPrefix(statement, "uid") || strings.HasPrefix(statement, "option dhcp-client-identifier") {
		hardware = ""
	}
	if strings.HasPrefix(statement, "match") {
		match = ""
	}
	const before = `option space s1; option s1.a code 1 = text; class "k1" { match hardware; } subclass "k1" 1:2:3:4:5:6:7; `
	text, known := map[string]string{
		"file":           "%s " + in(""),
		"group":          "group { %s " + in("") + " }",
		"shared-network": "shared-network n { " + in("") + " %s }",
		"subnet":         in("%s"),
		"pool":           in("pool { range 10.0.0.40; %s }"),
		"class":          `class "k" { ` + match + "%s } " + in(""),
		"subclass":       `class "k" { match hardware; } subclass "k" 1:2 { %s } ` + in(""),
		"if":             "if exists user-class { %s } " + in(""),
		"host":           "host h { " + hardware + "%s } " + in(""),
	}[place]
	if !known {
		t.Fatalf("no place %q", place)
	}
	if strings.Contains(statement, "vendor-option-space") {
		text += ` option s1.a "x";`
	}
	return before + fmt.Sprintf(text, statement) + " if exists user-class { }"
}

// TestPage does what the page says, and looks whether it says everything.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]bool) // keywords, and those in front of a value that is not any
	for _, r := range rows(t, string(text)) {
		for _, s := range r.statements {
			for _, place := range r.places {
				errs, warnings := judged(files{"a.conf": placed(t, s, place), "empty.conf": ""})
				hints := hintsOf(placed(t, s, place))
				switch {
				case r.section == "Taken" && len(errs)+len(warnings) == 0:
				case r.section == "Taken with a warning" && len(errs) == 0 && len(warnings) == 1 && strings.Contains(warnings[0], r.words):
				case r.section == "Refused" && len(errs) == 1 && strings.Contains(hints, r.words):
				default:
					t.Errorf("%s: %s in %s: errors %q (%s), warnings %q", r.section, s, place, errs, hints, warnings)
				}
			}
			for _, word := range regexp.MustCompile(`[a-z0-9-]+`).FindAllString(s, -1) {
				shown[word] = true
			}
		}
	}
	keywords := slices.Concat(slices.Collect(maps.Keys(blocks())), slices.Collect(maps.Keys(settingsStatements())))
	for _, p := range plainStatements() {
		keywords = append(keywords, strings.Fields(p.words)[0])
	}
	for _, r := range refusals() {
		keywords = append(keywords, r.keyword)
	}
	for _, word := range keywords {
		if !shown[word] {
			t.Errorf("%s is in no table of the page", word)
		}
	}
	for name := range standardOptions() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("option %s is not on the page", name)
		}
	}
}

// hintsOf are the hints of all that is wrong with a file.
func hintsOf(text string) string {
	var hints []string
	f, err := Read("a.conf", files{"a.conf": text, "empty.conf": ""}.open)
	if err == nil {
		_, err = f.Config()
	}
	for _, part := range parts(err) {
		hints = append(hints, part.(*Error).Hint)
	}
	return strings.Join(hints, "; ")
}
