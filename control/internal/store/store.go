// Package store keeps S3 buckets, objects and versions in etcd.
//
// What holds: every answer comes from a linearizable etcd read or from a
// committed transaction; every change to a key is one transaction that
// compares the key's head; data is written under keys unique to one upload
// before the head names it, and is deleted only after nothing has named it
// for a grace period.
package store

import (
	"context"
	"strings"
	"time"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// DeadlineKey is the request-local under which a middleware leaves the time
// by which the request must have been answered.
const DeadlineKey = "control-deadline"

// GoneKey is the request-local under which a middleware leaves a function
// that tells whether the client has closed the connection.
const GoneKey = "control-gone"

// Store is the storage backend of the gateway.
type Store struct {
	backend.BackendUnsupported
	kv    clientv3.KV
	fence fence
	// inUse tells how many bytes of the etcd database are in use.
	inUse func() int64
	// Reader is the access key that may read everything, and write nothing.
	Reader string
	// LeaderChanged, if set, returns a channel that closes when another
	// member becomes leader.
	LeaderChanged func() <-chan struct{}
}

var _ backend.Backend = (*Store)(nil)

// New makes a store on an etcd client; name is the gateway's own.
func New(kv clientv3.KV, name string, inUse func() int64) *Store {
	s := &Store{kv: kv, inUse: inUse}
	s.fence.key = fencePrefix + name
	return s
}

func (s *Store) String() string { return "ha-control" }

// Every calls fn at each interval, until ctx ends.
func Every(ctx context.Context, interval time.Duration, fn func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fn()
		}
	}
}

// deadline is the time by which the request must have been answered.
func deadline(ctx context.Context) time.Time {
	if t, ok := ctx.Value(DeadlineKey).(time.Time); ok {
		return t
	}
	return time.Now().Add(Budget)
}

// clientGone tells whether nobody waits for the answer any more.
func clientGone(ctx context.Context) bool {
	f, ok := ctx.Value(GoneKey).(func() bool)
	return ok && f()
}

func validKey(key string) error {
	if key == "" || strings.Contains(key, "\x00") {
		return s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	if len(key) > 1024 {
		return s3err.GetKeyTooLongErr(int64(len(key)), 1024)
	}
	return nil
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
