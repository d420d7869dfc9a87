package store

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/versity/versitygw/s3err"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
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
	// once is a key that the change creates and that outlives any repetition
	// of it: it makes a change of an absent head, whose revision is always 0,
	// happen at most once.
	once string
	// consumes says that the change deletes a key it compares to exist, which
	// has the same effect.
	consumes bool
	none     bool // nothing to do
}

// errExtra says that a comparison which the plan added did not hold.
var errExtra = errors.New("a comparison of the plan did not hold")

func viewOps(bucket, key string) []clientv3.Op {
	return []clientv3.Op{clientv3.OpGet(bucketKey(bucket)), clientv3.OpGet(headKey(bucket, key))}
}

// viewOf reads a view out of the answers to viewOps.
func viewOf(bucket string, rs []*etcdserverpb.ResponseOp) (v view, err error) {
	b, h := rs[0].GetResponseRange(), rs[1].GetResponseRange()
	if len(b.Kvs) == 0 {
		return v, s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	v.bucketRev = b.Kvs[0].ModRevision
	if v.bucket, err = decode[Bucket](b.Kvs[0].Value); err != nil {
		return v, err
	}
	if len(h.Kvs) > 0 {
		v.headRev = h.Kvs[0].ModRevision
		if v.head, err = decode[Head](h.Kvs[0].Value); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (s *Store) view(deadline time.Time, bucket, key string) (view, error) {
	resp, err := s.read(deadline, viewOps(bucket, key)...)
	if err != nil {
		return view{}, err
	}
	return viewOf(bucket, resp.Responses)
}

// mutate plans a change on the current view and commits it if neither the
// bucket nor the head has changed since; otherwise it plans again on the new
// view. It returns nil only if the change was committed.
//
// If etcd does not answer, the change may have been made. It is then sent
// again with the very same comparisons only, so it takes effect at most once,
// and counts as made if the head carries its mutation id. If the head has
// become another one meanwhile, the outcome cannot be known and the answer is
// ErrUnavailable, never a failed precondition.
func (s *Store) mutate(deadline time.Time, bucket, key string, plan func(view) (*change, error)) error {
	v, err := s.view(deadline, bucket, key)
	for {
		if err != nil {
			return err
		}
		c, perr := plan(v)
		if perr != nil {
			return perr
		}
		if c.none {
			return nil
		}
		mutation := newID()
		if c.head != nil {
			c.head.Mutation = mutation
		}
		next, done, cerr := s.commit(deadline, bucket, key, v, c, mutation)
		if cerr != nil {
			return cerr
		}
		if done {
			return nil
		}
		if time.Until(deadline) < 2*retryPause {
			return errBusy
		}
		time.Sleep(time.Duration(rand.Int64N(int64(4 * time.Millisecond))))
		v, err = s.reread(deadline, bucket, key, next)
	}
}

// reread uses the view that came with a refusal.
func (s *Store) reread(deadline time.Time, bucket, key string, rs []*etcdserverpb.ResponseOp) (view, error) {
	if rs == nil {
		return s.view(deadline, bucket, key)
	}
	return viewOf(bucket, rs)
}

// commit sends one change until its outcome is known. It returns done if the
// change was made, and the new view's records if it was certainly not made.
func (s *Store) commit(deadline time.Time, bucket, key string, v view, c *change, mutation string) (next []*etcdserverpb.ResponseOp, done bool, err error) {
	hk := headKey(bucket, key)
	fenceRev := s.fence.rev.Load()
	cmps := append([]clientv3.Cmp{
		modIs(bucketKey(bucket), v.bucketRev), modIs(hk, v.headRev), modIs(s.fence.key, fenceRev),
	}, c.cmps...)
	if c.once != "" {
		cmps = append(cmps, modIs(c.once, 0))
	}
	then := append([]clientv3.Op{}, c.ops...)
	if c.head != nil {
		then = append(then, put(hk, c.head))
	} else {
		then = append(then, clientv3.OpDelete(hk))
	}
	els := append(viewOps(bucket, key), clientv3.OpGet(s.fence.key))

	ambiguous := false
	for {
		resp, answered := s.write(deadline, cmps, then, els)
		if answered && resp.Succeeded {
			return nil, true, nil
		}
		if answered {
			return s.refused(v, c, mutation, resp, fenceRev, ambiguous)
		}
		ambiguous = true
		repeatable := v.headRev != 0 || c.once != "" || c.consumes
		if !repeatable || !pause(deadline) {
			s.fence.broken()
			return nil, false, ErrUnavailable
		}
	}
}

// refused judges a refused transaction by the state it was refused on.
func (s *Store) refused(v view, c *change, mutation string, resp *clientv3.TxnResponse, fenceRev int64, ambiguous bool) ([]*etcdserverpb.ResponseOp, bool, error) {
	b, h, f := resp.Responses[0].GetResponseRange(), resp.Responses[1].GetResponseRange(), resp.Responses[2].GetResponseRange()
	var bRev, hRev, fRev int64
	if len(b.Kvs) > 0 {
		bRev = b.Kvs[0].ModRevision
	}
	if len(h.Kvs) > 0 {
		hRev = h.Kvs[0].ModRevision
	}
	if len(f.Kvs) > 0 {
		fRev = f.Kvs[0].ModRevision
	}
	fenced := fRev != fenceRev
	s.fence.learn(fRev)
	if ambiguous && hRev != v.headRev {
		switch {
		case len(h.Kvs) > 0:
			if head, err := decode[Head](h.Kvs[0].Value); err == nil && head.Mutation == mutation {
				return nil, true, nil // an earlier attempt took effect
			}
		case c.head == nil:
			return nil, true, nil // removed, as intended
		}
		return nil, false, ErrUnavailable
	}
	// The head has not moved, or this was the only attempt: not made, and it
	// cannot be made later, because each attempt compares what has changed.
	if hRev == v.headRev && bRev == v.bucketRev && !fenced {
		if ambiguous {
			return nil, false, ErrUnavailable
		}
		return nil, false, errExtra
	}
	return resp.Responses[:2], false, nil
}
