package store

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// fence stops a gateway's own late writes. A change that was sent to a leader
// which then fell silent may be carried out when that leader wakes, long
// after its client was answered. Every change therefore compares this
// gateway's fence key; a gateway that sent a change without getting an answer
// moves the key, and the late change is refused.
type fence struct {
	key   string
	rev   atomic.Int64
	dirty atomic.Bool
}

// broken says that the fence key has to be moved, once etcd answers again.
func (f *fence) broken() { f.dirty.Store(true) }

// learn takes note of a revision of the fence, unless a later one is known.
func (f *fence) learn(rev int64) {
	for old := f.rev.Load(); rev > old && !f.rev.CompareAndSwap(old, rev); {
		old = f.rev.Load()
	}
}

// MoveFence moves the fence, so that no change of an earlier run of this gateway
// can still take effect. It fails while there is no quorum.
func (s *Store) MoveFence(deadline time.Time) error {
	resp, done := s.write(deadline, nil, []clientv3.Op{clientv3.OpPut(s.fence.key, newID())}, nil)
	if !done {
		return ErrUnavailable
	}
	s.fence.learn(resp.Header.Revision)
	return nil
}

// KeepFence moves the fence whenever a change was left without an answer. It
// returns when ctx ends.
func (s *Store) KeepFence(ctx context.Context) {
	Every(ctx, 50*time.Millisecond, func() {
		if s.fence.dirty.CompareAndSwap(true, false) && s.MoveFence(time.Now().Add(opTimeout)) != nil {
			s.fence.broken()
		}
	})
}

// writeOnce runs a transaction behind the fence. It returns refused if its
// comparisons did not hold, and never repeats one that was not answered.
func (s *Store) writeOnce(deadline time.Time, cmps []clientv3.Cmp, then []clientv3.Op, refused error) error {
	for {
		rev := s.fence.rev.Load()
		resp, done := s.write(deadline, append(slices.Clone(cmps), modIs(s.fence.key, rev)), then, gets(s.fence.key))
		if !done {
			s.fence.broken()
			return ErrUnavailable
		}
		if resp.Succeeded {
			return nil
		}
		now := firsts(resp.Responses)[0].GetModRevision()
		s.fence.learn(now)
		if now == rev {
			return refused
		}
		if !pause(deadline) {
			return errBusy
		}
	}
}
