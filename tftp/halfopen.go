package tftp

import (
	"container/list"
	"sync"
	"time"
)

// answerGrace is how long a client has to answer before others may take its
// place: a round trip, in the rush of a whole site that boots.
const answerGrace = 200 * time.Millisecond

// halfOpen are the transfers to whose ports nothing has come yet. Anybody can
// begin as many as he likes, also in the name of others, so these make room for
// new requests; the others have shown that there is a client.
type halfOpen struct {
	mu   sync.Mutex // guards list
	list list.List  // of opening; the one that began first in front
}

type opening struct {
	request *request
	carrier carrier
	began   time.Time
}

// begin adds a transfer, which is to be taken off by end.
func (h *halfOpen) begin(r *request, c carrier) *list.Element {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list.PushBack(opening{r, c, time.Now()})
}

func (h *halfOpen) end(e *list.Element) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(e)
}

// oldest is the transfer that may go first, nil if none may. With take it is one
// of these no more.
func (h *halfOpen) oldest(now time.Time, take bool) *request {
	h.mu.Lock()
	defer h.mu.Unlock()
	for e := h.list.Front(); e != nil; e = h.list.Front() {
		o := e.Value.(opening)
		answered := o.carrier.hasAnswered()
		if !answered && now.Sub(o.began) < answerGrace {
			return nil
		}
		if answered || take {
			h.list.Remove(e)
		}
		if !answered {
			return o.request
		}
	}
	return nil
}
