package store

import (
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// sink writes the chunks of one upload, a few at a time. A chunk is written
// only while the upload's intent exists, so a late one cannot outlive it.
type sink struct {
	s     *Store
	data  string
	limit time.Duration // how long one chunk may take
	free  chan struct{}
	wg    sync.WaitGroup
	mu    sync.Mutex
	err   error
}

func newSink(s *Store, data string, limit time.Duration) *sink {
	return &sink{s: s, data: data, limit: limit, free: make(chan struct{}, window)}
}

// put writes a chunk in the background, once fewer than window are in flight.
func (k *sink) put(n int, chunk []byte) {
	k.free <- struct{}{}
	k.wg.Add(1)
	go func() {
		defer func() { <-k.free; k.wg.Done() }()
		ok, err := k.s.writeRepeatable(time.Now().Add(k.limit),
			[]clientv3.Cmp{exists(intentKey(k.data))},
			[]clientv3.Op{clientv3.OpPut(chunkKey(k.data, n), string(chunk))})
		if err == nil && !ok {
			err = errBusy // the intent was collected: the upload took too long
		}
		if err != nil {
			k.mu.Lock()
			k.err = err
			k.mu.Unlock()
		}
	}()
}

func (k *sink) failed() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// wait returns when no chunk is in flight.
func (k *sink) wait() error {
	k.wg.Wait()
	return k.failed()
}
