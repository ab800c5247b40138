package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/godrgn/drgn/annotate"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/types"
)

// How many bytes of memory a page has: by words, and in hexadecimal.
const (
	shownWords = 512
	shownHex   = 4096
)

// address says what lies at an address.
func (s *Server) address(r *http.Request, p *page) error {
	q := r.URL.Query().Get("at")
	p.Title, p.Asked = q, q
	at, err := strconv.ParseUint(q, 0, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number of 64 bits", q)
	}
	all := p.table("")
	for i, err := range s.look.Prog.Identify(at) {
		if err != nil {
			return err
		}
		row := link{Text: report.Printable(i.String())}
		if v, err := i.Object.Uint(); err == nil && i.Object.Type().UnderlyingKind() == types.Pointer {
			row.To = to("/object", "e", fmt.Sprintf("*(%s)%#x", i.Object.Type(), v))
		}
		all.add(row)
	}
	if len(all.Rows) == 0 {
		all.add(link{Text: "nothing is known of this address"})
	}
	step := func(by uint64) string { return to("/address", "at", fmt.Sprintf("%#x", by)) }
	p.Links = []link{{"before", step(at - shownWords)}, {"after", step(at + shownWords)}, {"who points here", to("/found", "number", fmt.Sprintf("%#x", at))},
		{"as bytes", to("/hex", "at", fmt.Sprintf("%#x", at))}, {"machine code", to("/code", "at", fmt.Sprintf("%#x", at))}}
	var lines bounded
	err = annotate.Memory(&lines, s.look.Prog, at&^7, shownWords, false)
	if lines.Len() > 0 {
		p.Texts = append(p.Texts, s.linked(lines.text()))
	}
	return err
}

// hex writes memory in hexadecimal.
func (s *Server) hex(_ context.Context, q url.Values, out io.Writer) error {
	at, err := numberOf(q, "at")
	if err != nil {
		return err
	}
	return annotate.Hex(out, s.look.Prog, at, shownHex)
}
