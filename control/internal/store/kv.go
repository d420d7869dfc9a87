package store

import (
	"context"
	"net/http"
	"time"

	"github.com/versity/versitygw/s3err"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// opTimeout bounds one etcd request.
	opTimeout = time.Second
	// Budget bounds what one S3 request may wait for etcd in all, once its
	// body has been read.
	Budget = 2300 * time.Millisecond
	// retryPause is slept between two attempts.
	retryPause = 25 * time.Millisecond
)

// ErrUnavailable is the answer when etcd did not answer in time. It says
// nothing about whether a change took effect.
var ErrUnavailable = s3err.APIError{
	Code:           "ServiceUnavailable",
	Description:    "No quorum answered in time. Please retry; the outcome of a change is unknown.",
	HTTPStatusCode: http.StatusServiceUnavailable,
}

// errBusy is the answer when a change was certainly not made.
var errBusy = s3err.APIError{
	Code:           "SlowDown",
	Description:    "The change was not made. Please reduce your request rate.",
	HTTPStatusCode: http.StatusServiceUnavailable,
}

// read runs a read-only transaction. etcd serves it linearizably. It is safe
// to repeat, so it is repeated until the deadline.
func (s *Store) read(deadline time.Time, ops ...clientv3.Op) (*clientv3.TxnResponse, error) {
	for {
		ctx, cancel := attempt(deadline)
		resp, err := s.kv.Txn(ctx).Then(ops...).Commit()
		cancel()
		if err == nil {
			return resp, nil
		}
		if !pause(deadline) {
			return nil, ErrUnavailable
		}
	}
}

// get reads keys at one revision; the record of an absent key is nil.
func (s *Store) get(deadline time.Time, keys ...string) ([]*mvccpb.KeyValue, error) {
	resp, err := s.read(deadline, gets(keys...)...)
	if err != nil {
		return nil, err
	}
	return firsts(resp.Responses), nil
}

func gets(keys ...string) []clientv3.Op {
	ops := make([]clientv3.Op, len(keys))
	for i, k := range keys {
		ops[i] = clientv3.OpGet(k)
	}
	return ops
}

// firsts is the first record of each answer to a get; nil if there is none.
func firsts(answers []*etcdserverpb.ResponseOp) []*mvccpb.KeyValue {
	kvs := make([]*mvccpb.KeyValue, len(answers))
	for i, a := range answers {
		if found := a.GetResponseRange().Kvs; len(found) > 0 {
			kvs[i] = found[0]
		}
	}
	return kvs
}

// write runs a transaction once. done tells whether etcd answered: if not,
// the change may have been made, or may still be made later.
func (s *Store) write(deadline time.Time, cmps []clientv3.Cmp, then, els []clientv3.Op) (resp *clientv3.TxnResponse, done bool) {
	ctx, cancel := attempt(deadline)
	defer cancel()
	if s.LeaderChanged != nil {
		// What was sent to the former leader may be lost: do not wait for it.
		go func(changed <-chan struct{}) {
			select {
			case <-changed:
				time.Sleep(retryPause) // it may just have been committed
				cancel()
			case <-ctx.Done():
			}
		}(s.LeaderChanged())
	}
	resp, err := s.kv.Txn(ctx).If(cmps...).Then(then...).Else(els...).Commit()
	return resp, err == nil
}

// writeRepeatable runs a transaction whose repetition changes nothing, until
// the deadline. It returns whether its comparisons held.
func (s *Store) writeRepeatable(deadline time.Time, cmps []clientv3.Cmp, then []clientv3.Op) (bool, error) {
	for {
		if resp, done := s.write(deadline, cmps, then, nil); done {
			return resp.Succeeded, nil
		}
		if !pause(deadline) {
			return false, ErrUnavailable
		}
	}
}

func attempt(deadline time.Time) (context.Context, context.CancelFunc) {
	end := time.Now().Add(opTimeout)
	if deadline.Before(end) {
		end = deadline
	}
	return context.WithDeadline(context.Background(), end)
}

func pause(deadline time.Time) bool {
	if time.Until(deadline) < 2*retryPause {
		return false
	}
	time.Sleep(retryPause)
	return true
}

func modIs(key string, rev int64) clientv3.Cmp {
	return clientv3.Compare(clientv3.ModRevision(key), "=", rev)
}

func exists(key string) clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(key), ">", 0)
}

func noneWith(prefix string) clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(prefix), "=", 0).WithPrefix()
}

func put(key string, v any) clientv3.Op { return clientv3.OpPut(key, encode(v)) }

func deleteAll(prefix string) clientv3.Op { return clientv3.OpDelete(prefix, clientv3.WithPrefix()) }
