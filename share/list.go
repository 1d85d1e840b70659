package share

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"path"
)

// listing is a page that links every entry of the directory name. The links
// are absolute: the page is served with and without a slash at the end of its
// address, and relative links would differ.
func listing(tree fs.FS, name string) ([]byte, error) {
	entries, err := fs.ReadDir(tree, name)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	here := path.Join("/", name)
	fmt.Fprintf(&page, "<!DOCTYPE html>\n<title>%[1]s</title>\n<h1>%[1]s</h1>\n<pre>\n", html.EscapeString(here))
	if here != "/" {
		link(&page, path.Dir(here), "..")
	}
	for _, e := range entries {
		text := e.Name()
		if e.IsDir() {
			text += "/"
		}
		link(&page, path.Join(here, e.Name()), text)
	}
	page.WriteString("</pre>\n")
	return page.Bytes(), nil
}

func link(page *bytes.Buffer, target, text string) {
	href := (&url.URL{Path: target}).EscapedPath()
	fmt.Fprintf(page, "<a href=\"%s\">%s</a>\n", html.EscapeString(href), html.EscapeString(text))
}
