package store

import (
	"context"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// garbageGrace is how long data stays readable after nothing names it any
	// more, for requests that are still sending it.
	garbageGrace = 30 * time.Second
	// pressedGrace is the same when the database is filling up.
	pressedGrace = 3 * time.Second
	pressedAt    = 1 << 30
	// uploadGrace is how long an upload may take between its first chunk and
	// its commit.
	uploadGrace = 15 * time.Minute
	// compactEvery is how often the history of etcd is dropped. A revision is
	// kept for at least that long, so that a listing can finish on it.
	compactEvery = 10 * time.Second
)

// Collect removes garbage, and compacts etcd's history, on the node that
// leads, until ctx ends.
func (s *Store) Collect(ctx context.Context, leads func() bool) {
	tick := time.NewTicker(compactEvery)
	defer tick.Stop()
	var last int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !leads() {
			last = 0
			continue
		}
		s.collectGarbage(time.Now())
		s.collectIntents(time.Now())
		last = s.compact(ctx, last)
	}
}

// collectGarbage deletes the data of markers that are old enough.
func (s *Store) collectGarbage(now time.Time) {
	grace := garbageGrace
	if s.inUse != nil && s.inUse() > pressedAt {
		grace = pressedGrace
	}
	limit := garbagePrefix + now.Add(-grace).UTC().Format("20060102T150405.000")
	for {
		resp, err := s.read(time.Now().Add(opTimeout), clientv3.OpGet(garbagePrefix, clientv3.WithRange(limit), clientv3.WithLimit(200)))
		if err != nil {
			return
		}
		page := resp.Responses[0].GetResponseRange()
		for _, kv := range page.Kvs {
			g, err := decode[Garbage](kv.Value)
			if err != nil || s.purge(string(kv.Key), kv.ModRevision, g) != nil {
				return
			}
		}
		if !page.More {
			return
		}
	}
}

// purge deletes the data that a marker lists, then the marker.
func (s *Store) purge(key string, rev int64, g *Garbage) error {
	data := g.Data
	if g.Manifest != "" {
		segs, err := s.segments(time.Now().Add(opTimeout), &Version{Data: g.Manifest, Spilled: true})
		if err == nil {
			for _, seg := range segs {
				data = append(data, seg.Data)
			}
			data = append(data, g.Manifest)
		}
	}
	for len(data) > 0 {
		n := min(len(data), 100)
		var ops []clientv3.Op
		for _, d := range data[:n] {
			ops = append(ops, clientv3.OpDelete(dataRange(d), clientv3.WithPrefix()))
		}
		if _, done := s.write(time.Now().Add(opTimeout), nil, ops, nil); !done {
			return ErrUnavailable
		}
		data = data[n:]
	}
	if _, done := s.write(time.Now().Add(opTimeout), []clientv3.Cmp{modIs(key, rev)}, []clientv3.Op{clientv3.OpDelete(key)}, nil); !done {
		return ErrUnavailable
	}
	return nil
}

// collectIntents deletes uploads that were cut off: their intent and their
// chunks, in one transaction, so that such an upload can no longer commit.
func (s *Store) collectIntents(now time.Time) {
	resp, err := s.read(time.Now().Add(opTimeout), clientv3.OpGet(intentPrefix, clientv3.WithPrefix(), clientv3.WithLimit(1000)))
	if err != nil {
		return
	}
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		in, err := decode[intent](kv.Value)
		if err != nil || now.Sub(in.Time) < uploadGrace {
			continue
		}
		k := string(kv.Key)
		ops := []clientv3.Op{
			clientv3.OpDelete(k),
			clientv3.OpDelete(dataRange(strings.TrimPrefix(k, intentPrefix)), clientv3.WithPrefix()),
		}
		if _, done := s.write(time.Now().Add(opTimeout), []clientv3.Cmp{modIs(k, kv.ModRevision)}, ops, nil); !done {
			return
		}
	}
}

// compact drops the history up to the revision it saw the last time.
func (s *Store) compact(ctx context.Context, last int64) int64 {
	resp, err := s.read(time.Now().Add(opTimeout), clientv3.OpGet(s.fence.key, clientv3.WithCountOnly()))
	if err != nil {
		return last
	}
	if last > 0 && resp.Header.Revision > last {
		c, cancel := context.WithTimeout(ctx, opTimeout)
		_, _ = s.kv.Compact(c, last)
		cancel()
	}
	return resp.Header.Revision
}
