package store

import (
	"context"
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
	// collectEvery is how often it looks for garbage.
	collectEvery = 5 * time.Second

	dueFormat = "20060102T150405.000"
)

// garbageKey is a new key under which garbage is noted that is due after a
// grace.
func garbageKey(grace time.Duration) string {
	return garbagePrefix + time.Now().Add(grace).UTC().Format(dueFormat) + "-" + newID()
}

// drop is the operation that gives data to the collector.
func (s *Store) drop(segments []Segment) []clientv3.Op {
	if len(segments) == 0 {
		return nil
	}
	var g Garbage
	for _, seg := range segments {
		g.Data = append(g.Data, seg.Data)
	}
	grace := garbageGrace
	if s.inUse() > pressedAt {
		grace = pressedGrace
	}
	return []clientv3.Op{put(garbageKey(grace), g)}
}

// Collect removes garbage on the node that leads, until ctx ends.
func (s *Store) Collect(ctx context.Context, leads func() bool) {
	Every(ctx, collectEvery, func() {
		if leads() {
			s.collectGarbage(time.Now())
		}
	})
}

// collectGarbage removes what is due: data that nothing names any more, and
// uploads that were cut off.
func (s *Store) collectGarbage(now time.Time) {
	due := clientv3.OpGet(garbagePrefix, clientv3.WithRange(garbagePrefix+now.UTC().Format(dueFormat)), clientv3.WithLimit(200))
	for {
		resp, err := s.read(time.Now().Add(opTimeout), due)
		if err != nil {
			return
		}
		page := resp.Responses[0].GetResponseRange()
		for _, kv := range page.Kvs {
			g, err := decode[Garbage](kv.Value)
			if err != nil || s.purge(time.Now().Add(opTimeout), string(kv.Key), g.Data) != nil {
				return
			}
		}
		if !page.More {
			return
		}
	}
}

// purge removes data with the garbage record that lists it, in one
// transaction, so that an upload which has not been referenced by then can no
// longer be. It does nothing once the record is gone.
func (s *Store) purge(deadline time.Time, marker string, data []string) error {
	ops := []clientv3.Op{clientv3.OpDelete(marker)}
	for _, d := range data {
		ops = append(ops, deleteAll(dataRange(d)))
	}
	_, err := s.writeRepeatable(deadline, []clientv3.Cmp{exists(marker)}, ops)
	return err
}
