package store

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/versity/versitygw/s3err"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// view is what a change is planned on: a bucket and the head of a key, read
// at one revision.
type view struct {
	bucket    *Bucket
	bucketRev int64
	head      *Head // nil if the key has no version
	headRev   int64
}

// change is one planned transaction on a head.
type change struct {
	head *Head // nil removes the head
	cmps []clientv3.Cmp
	ops  []clientv3.Op
	// once is a key that the change creates, or removes if it consumes it, and
	// that stays so. A change of an absent head, whose revision is always 0,
	// happens at most once by it, however often it is sent.
	once     string
	consumes bool
	none     bool // nothing to do
}

// onlyOnce compares what cannot be so again once the change was made.
func (c *change) onlyOnce() clientv3.Cmp {
	if c.consumes {
		return exists(c.once)
	}
	return modIs(c.once, 0)
}

// viewOf reads a view out of the records of a bucket and a head.
func viewOf(name string, bucket, head *mvccpb.KeyValue) (v view, err error) {
	if bucket == nil {
		return v, s3err.GetBucketErr(s3err.ErrNoSuchBucket, name)
	}
	v.bucketRev, v.headRev = bucket.ModRevision, head.GetModRevision()
	if v.bucket, err = decode[Bucket](bucket.Value); err == nil && head != nil {
		v.head, err = decode[Head](head.Value)
	}
	return v, err
}

func (s *Store) view(deadline time.Time, bucket, key string) (view, error) {
	kvs, err := s.get(deadline, bucketKey(bucket), headKey(bucket, key))
	if err != nil {
		return view{}, err
	}
	return viewOf(bucket, kvs[0], kvs[1])
}

// mutate plans a change on the current view and commits it if neither the
// bucket nor the head has changed since; otherwise it plans again on the new
// view. It returns nil only if the change was committed, and errBusy if it was
// certainly not made, also because a comparison of the plan's own did not hold.
//
// If etcd does not answer, the change may have been made. It is then sent
// again with the very same comparisons only, so it takes effect at most once,
// and counts as made if the head carries its mutation id. If the head has
// become another one meanwhile, the outcome cannot be known and the answer is
// ErrUnavailable, never a failed precondition.
func (s *Store) mutate(deadline time.Time, bucket, key string, plan func(view) (*change, error)) error {
	v, err := s.view(deadline, bucket, key)
	for err == nil {
		c, perr := plan(v)
		if perr != nil || c.none {
			return perr
		}
		next, cerr := s.commit(deadline, bucket, key, v, c)
		if cerr != nil || next == nil {
			return cerr
		}
		if time.Until(deadline) < 2*retryPause {
			return errBusy
		}
		time.Sleep(time.Duration(rand.Int64N(int64(4 * time.Millisecond))))
		v, err = viewOf(bucket, next[0], next[1])
	}
	return err
}

// commit sends one change until its outcome is known. It returns nil records
// if the change was made, and those of the new view if it certainly was not.
func (s *Store) commit(deadline time.Time, bucket, key string, v view, c *change) (next []*mvccpb.KeyValue, err error) {
	bk, hk := bucketKey(bucket), headKey(bucket, key)
	sent := attempts{view: v, change: c, mutation: newID(), fenceRev: s.fence.rev.Load()}
	cmps := append(slices.Clone(c.cmps), modIs(bk, v.bucketRev), modIs(hk, v.headRev), modIs(s.fence.key, sent.fenceRev))
	if c.once != "" {
		cmps = append(cmps, c.onlyOnce())
	}
	then := append(slices.Clone(c.ops), clientv3.OpDelete(hk))
	if c.head != nil {
		c.head.Mutation = sent.mutation
		then[len(then)-1] = put(hk, c.head)
	}
	for {
		resp, answered := s.write(deadline, cmps, then, gets(bk, hk, s.fence.key, cmp.Or(c.once, hk)))
		if answered && resp.Succeeded {
			return nil, nil
		}
		if answered {
			found := firsts(resp.Responses)
			s.fence.learn(found[2].GetModRevision())
			return sent.refused(found[0], found[1], found[2], found[3])
		}
		sent.unanswered = true
		s.fence.broken() // also if a later attempt succeeds: this one may still come
		if v.headRev == 0 && c.once == "" || !pause(deadline) {
			return nil, ErrUnavailable
		}
	}
}

// attempts is what is known of a change that was sent once or more.
type attempts struct {
	view       view
	change     *change
	mutation   string
	fenceRev   int64
	unanswered bool // the outcome of at least one attempt is unknown
}

// refused judges a refused attempt by the records that it was refused on.
func (a *attempts) refused(bucket, head, fence, once *mvccpb.KeyValue) ([]*mvccpb.KeyValue, error) {
	moved := head.GetModRevision() != a.view.headRev
	if a.unanswered && moved {
		if a.made(head) {
			return nil, nil
		}
		return nil, ErrUnavailable
	}
	if a.unanswered && head == nil && (once == nil) == a.change.consumes {
		return nil, ErrUnavailable // made, it seems, and the key was removed since
	}
	if moved || bucket.GetModRevision() != a.view.bucketRev || fence.GetModRevision() != a.fenceRev {
		// Not made, and it cannot be made later: each attempt compares what has changed.
		return []*mvccpb.KeyValue{bucket, head}, nil
	}
	if a.unanswered {
		return nil, ErrUnavailable
	}
	return nil, errBusy // a comparison of the plan's own did not hold
}

// made tells whether an earlier attempt surely took effect.
func (a *attempts) made(head *mvccpb.KeyValue) bool {
	if head == nil {
		return a.change.head == nil // removed, as intended
	}
	h, err := decode[Head](head.Value)
	return err == nil && h.Mutation == a.mutation
}
