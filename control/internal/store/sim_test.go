package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// fate is what becomes of one write transaction on its way.
type fate struct {
	Lost   bool          // it never arrives
	Apply  time.Duration // after which it is carried out, whether or not anybody still waits
	Silent bool          // its answer never arrives
}

// change of a record, as the simulated etcd carried it out.
type applied struct {
	at            time.Time
	rev           int64
	key           string
	before, after *mvccpb.KeyValue // nil for an absent record
}

// simEtcd is an etcd that keeps its records in memory and carries out
// transactions one at a time.
type simEtcd struct {
	mu      sync.Mutex
	rev     int64
	records map[string]*mvccpb.KeyValue
	log     []applied
}

// simKV is one gateway's connection to it, which loses, delays and reorders
// writes as its fates say; then it is quick and loses nothing. A defect
// spoils it.
type simKV struct {
	clientv3.KV
	etcd   *simEtcd
	mu     sync.Mutex
	fates  []fate
	defect defect
}

// defect is a mistake that the store could make, made for it on the way to
// etcd.
type defect struct {
	name string
	// drop leaves the comparisons of keys with this prefix out.
	drop string
	// insist sends a change that was not answered again, whatever has become
	// of the key.
	insist bool
	// stale answers reads from this long ago.
	stale time.Duration
	// hasty answers that a change was made before it is.
	hasty bool
	// idle never moves the fence.
	idle bool
}

const quick = 2 * time.Millisecond

// empty is how much of its database a simulated etcd uses.
func empty() int64 { return 0 }

func (k *simKV) Txn(ctx context.Context) clientv3.Txn { return &simTxn{kv: k, ctx: ctx} }

// nextFate is the fate of the next write. The fence's own are never late:
// they must become certain, however often they have to be tried.
func (k *simKV) nextFate(then []clientv3.Op) fate {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := fate{Apply: quick}
	if len(k.fates) > 0 {
		f, k.fates = k.fates[0], k.fates[1:]
	}
	if movesFence(then) && f.Apply > quick {
		f.Lost = true
	}
	return f
}

func movesFence(then []clientv3.Op) bool {
	return len(then) == 1 && strings.HasPrefix(string(then[0].KeyBytes()), fencePrefix)
}

type simTxn struct {
	kv   *simKV
	ctx  context.Context
	cmps []clientv3.Cmp
	then []clientv3.Op
	els  []clientv3.Op
}

func (t *simTxn) If(c ...clientv3.Cmp) clientv3.Txn {
	for _, cmp := range c {
		if d := t.kv.defect.drop; d == "" || !strings.HasPrefix(string(cmp.KeyBytes()), d) {
			t.cmps = append(t.cmps, cmp)
		}
	}
	return t
}
func (t *simTxn) Then(o ...clientv3.Op) clientv3.Txn { t.then = o; return t }
func (t *simTxn) Else(o ...clientv3.Op) clientv3.Txn { t.els = o; return t }

func (t *simTxn) Commit() (*clientv3.TxnResponse, error) {
	if !slices.ContainsFunc(t.then, func(o clientv3.Op) bool { return !o.IsGet() }) {
		time.Sleep(quick)
		return t.kv.etcd.txn(t.cmps, t.then, t.els, t.kv.defect.stale), nil
	}
	if t.kv.defect.idle && movesFence(t.then) {
		return &clientv3.TxnResponse{Header: &etcdserverpb.ResponseHeader{}, Succeeded: true}, nil
	}
	resp, err := t.send(t.kv.nextFate(t.then))
	if err != nil && t.kv.defect.insist {
		blind := &simTxn{kv: t.kv, ctx: context.Background(), then: t.then}
		return blind.send(fate{Apply: quick})
	}
	return resp, err
}

// send carries the transaction out after its delay, and waits for the answer
// as long as ctx allows.
func (t *simTxn) send(f fate) (*clientv3.TxnResponse, error) {
	answer := make(chan *clientv3.TxnResponse, 1)
	if !f.Lost {
		time.AfterFunc(f.Apply, func() {
			if resp := t.kv.etcd.txn(t.cmps, t.then, t.els, 0); !f.Silent {
				answer <- resp
			}
		})
	}
	if t.kv.defect.hasty {
		time.Sleep(quick / 2)
		return &clientv3.TxnResponse{Header: &etcdserverpb.ResponseHeader{}, Succeeded: true}, nil
	}
	select {
	case resp := <-answer:
		return resp, nil
	case <-t.ctx.Done():
		return nil, t.ctx.Err()
	}
}

// txn carries a transaction out.
func (e *simEtcd) txn(cmps []clientv3.Cmp, then, els []clientv3.Op, stale time.Duration) *clientv3.TxnResponse {
	e.mu.Lock()
	defer e.mu.Unlock()
	records := e.records
	if stale > 0 {
		records = e.past(time.Now().Add(-stale))
	}
	resp := &clientv3.TxnResponse{Succeeded: !slices.ContainsFunc(cmps, func(c clientv3.Cmp) bool { return !e.holds(c.GetCompare()) })}
	ops := then
	if !resp.Succeeded {
		ops = els
	}
	if slices.ContainsFunc(ops, func(o clientv3.Op) bool { return !o.IsGet() }) {
		e.rev++
	}
	resp.Header = &etcdserverpb.ResponseHeader{Revision: e.rev}
	for _, o := range ops {
		one := &etcdserverpb.RangeResponse{}
		switch {
		case o.IsPut():
			e.set(string(o.KeyBytes()), &mvccpb.KeyValue{Key: o.KeyBytes(), Value: o.ValueBytes()})
		case o.IsDelete():
			for _, k := range within(e.records, o.KeyBytes(), o.RangeBytes()) {
				e.set(k, nil)
			}
		default:
			for _, k := range within(records, o.KeyBytes(), o.RangeBytes()) {
				one.Kvs = append(one.Kvs, records[k])
			}
		}
		resp.Responses = append(resp.Responses, &etcdserverpb.ResponseOp{Response: &etcdserverpb.ResponseOp_ResponseRange{ResponseRange: one}})
	}
	return resp
}

func (e *simEtcd) set(key string, after *mvccpb.KeyValue) {
	before := e.records[key]
	if after == nil {
		delete(e.records, key)
	} else {
		after.ModRevision, after.CreateRevision = e.rev, e.rev
		if before != nil {
			after.CreateRevision = before.CreateRevision
		}
		e.records[key] = after
	}
	e.log = append(e.log, applied{time.Now(), e.rev, key, before, after})
}

// holds evaluates the comparisons that the store uses.
func (e *simEtcd) holds(c *etcdserverpb.Compare) bool {
	if len(c.RangeEnd) > 0 {
		return len(within(e.records, c.Key, c.RangeEnd)) == 0 // noneWith
	}
	kv := e.records[string(c.Key)]
	if c.Target == etcdserverpb.Compare_MOD {
		return kv.GetModRevision() == c.GetModRevision()
	}
	return kv != nil // exists
}

// past is what the records were at that time.
func (e *simEtcd) past(at time.Time) map[string]*mvccpb.KeyValue {
	old := map[string]*mvccpb.KeyValue{}
	for _, a := range e.log {
		if a.at.After(at) {
			break
		}
		if old[a.key] = a.after; a.after == nil {
			delete(old, a.key)
		}
	}
	return old
}

func within(records map[string]*mvccpb.KeyValue, key, end []byte) []string {
	if len(end) == 0 {
		if records[string(key)] == nil {
			return nil
		}
		return []string{string(key)}
	}
	var keys []string
	for _, k := range slices.Sorted(maps.Keys(records)) {
		if k >= string(key) && k < string(end) {
			keys = append(keys, k)
		}
	}
	return keys
}
