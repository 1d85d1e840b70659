package bootcfg

import (
	"slices"
	"strings"
)

// menuLine takes the rest of a MENU line.
func (p *pxelinuxParser) menuLine(rest string) error {
	c := &p.config
	word, rest := firstWord(rest)
	switch strings.ToLower(word) {
	case "title":
		c.pages[p.page].title = rest
	case "label":
		switch {
		case p.label >= 0:
			c.Labels[p.label].Title = rest
		case p.page != 0 && c.pages[p.page].title == "":
			c.pages[p.page].title = strings.ReplaceAll(rest, "^", "")
		}
	case "default":
		if p.label >= 0 {
			p.menuDefault = true
		} else if p.page != 0 {
			p.choosePage()
		}
	case "hide":
		if p.label >= 0 {
			c.Labels[p.label].Hidden = true
		}
	case "disable", "disabled":
		if p.label >= 0 {
			c.Labels[p.label].Disabled = true
		}
	case "quit", "goto", "exit": // moves within the menu; boots nothing
		if p.label >= 0 {
			c.Labels[p.label].Disabled = true
		}
	case "separator":
		p.endLabel()
	case "start":
		c.start = p.page
	case "begin":
		p.beginPage(rest)
	case "end":
		p.endLabel()
		p.page = c.pages[p.page].parent
	case "include":
		file, tag := firstWord(rest)
		if tag == "" {
			return p.includeFile(file)
		}
		p.beginPage(tag)
		page := p.page
		err := p.includeFile(file)
		p.endLabel()
		p.page = c.pages[page].parent
		return err
	}
	return nil
}

func (p *pxelinuxParser) beginPage(title string) {
	p.endLabel()
	c := &p.config
	items := &c.pages[p.page].items
	*items = append(*items, item{label: -1, page: len(c.pages)})
	c.pages = append(c.pages, page{parent: p.page, line: len(*items) - 1, title: title})
	p.page = len(c.pages) - 1
}

// choosePage makes the page being filled the default of the one around it.
func (p *pxelinuxParser) choosePage() {
	own := p.config.pages[p.page]
	p.config.pages[own.parent].chosen = own.line
}

// titles are those of the menus around a label, outermost first.
func (p *pxelinuxParser) titles() []string {
	const enough = 64 // a file can nest them by the thousand
	var titles []string
	for page := p.page; page != 0 && len(titles) < enough; page = p.config.pages[page].parent {
		titles = append(titles, p.config.pages[page].title)
	}
	slices.Reverse(titles)
	return titles
}
