package lease

// entry is what a pool remembers of one address. It is kept small: a pool may
// hold a hundred thousand.
type entry struct {
	addr    uint32
	at      int32 // index in its queue; -1 when it is in none
	state   State
	ended   bool // the lease is over, by Pool.expire
	anew    bool // bound, and offered to its client once more
	key     Key
	name    string
	expires int64 // of the lease, Unix seconds
	until   int64 // before this time nobody but key gets the address
}

func (e *entry) lease() Lease {
	return Lease{Addr: address(e.addr), Key: e.key, Name: e.name, State: e.state, Expires: timeOf(e.expires)}
}

// openTo reports whether key may have the address; a nil entry is open to all.
func (e *entry) openTo(key Key, now int64) bool {
	return e == nil || e.until <= now || e.key == key && e.state != Declined
}

// queue is a heap of entries, the one that ends first at its head
// (container/heap).
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].until < q[j].until }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = int32(i), int32(j)
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.at = int32(len(*q))
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	e.at = -1
	return e
}

// head is the entry that ends first, if it has ended.
func (q queue) head(now int64) (*entry, bool) {
	if len(q) == 0 || q[0].until > now {
		return nil, false
	}
	return q[0], true
}
