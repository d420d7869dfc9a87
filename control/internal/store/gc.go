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
	// pressedGrace is the same when the database is large: a node reads all
	// of it, garbage and history too, before it serves again.
	pressedGrace = 3 * time.Second
	pressedAt    = 256 << 20
	// uploadGrace is how long an upload may take between its first chunk and
	// its commit.
	uploadGrace = 15 * time.Minute
	// collectEvery is how often it looks for garbage, and drops history.
	collectEvery = 5 * time.Second
	// keepRounds is for how many such rounds a revision is kept, so that a
	// listing or a check can finish on it; one, when the database is large.
	keepRounds = 12
)

// Collect removes garbage, and compacts etcd's history, on the node that
// leads, until ctx ends.
func (s *Store) Collect(ctx context.Context, leads func() bool) {
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	var seen []int64 // the revision at each of the last rounds
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !leads() {
			seen = nil
			continue
		}
		s.collectGarbage(time.Now())
		s.collectIntents(time.Now())
		seen = s.compact(ctx, seen)
	}
}

// collectGarbage deletes the data of markers that are old enough.
func (s *Store) collectGarbage(now time.Time) {
	grace := garbageGrace
	if s.pressed() {
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

// compact drops the history up to the revision of some rounds ago.
func (s *Store) compact(ctx context.Context, seen []int64) []int64 {
	resp, err := s.read(time.Now().Add(opTimeout), clientv3.OpGet(s.fence.key, clientv3.WithCountOnly()))
	if err != nil {
		return seen
	}
	keep := keepRounds
	if s.pressed() {
		keep = 1
	}
	seen = append(seen, resp.Header.Revision)
	if extra := len(seen) - 1 - keep; extra >= 0 {
		if seen[extra] < resp.Header.Revision {
			c, cancel := context.WithTimeout(ctx, opTimeout)
			_, _ = s.kv.Compact(c, seen[extra])
			cancel()
		}
		seen = seen[extra+1:]
	}
	return seen
}

// pressed tells whether the database is large.
func (s *Store) pressed() bool { return s.inUse != nil && s.inUse() > pressedAt }
