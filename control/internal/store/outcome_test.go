package store

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
)

// newStore makes a store on one etcd member in this process.
func newStore(t *testing.T) (*Store, *clientv3.Client) {
	t.Helper()
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel = t.TempDir(), "error"
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = nil, nil
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	<-e.Server.ReadyNotify()
	c := v3client.New(e.Server)
	s := New(c, "test", empty)
	if err := s.MoveFence(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("b")}, nil); err != nil {
		t.Fatal(err)
	}
	return s, c
}

// lossy loses the answers to the next writes, or the writes themselves.
type lossy struct {
	clientv3.KV
	answers, requests atomic.Int32
	between           func() // runs after a write whose answer is lost
}

func (l *lossy) Txn(ctx context.Context) clientv3.Txn { return &lossyTxn{Txn: l.KV.Txn(ctx), l: l} }

type lossyTxn struct {
	clientv3.Txn
	l     *lossy
	write bool
}

var errLost = errors.New("lost")

func (t *lossyTxn) If(c ...clientv3.Cmp) clientv3.Txn {
	t.write = t.write || len(c) > 0
	t.Txn = t.Txn.If(c...)
	return t
}
func (t *lossyTxn) Then(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Then(o...); return t }
func (t *lossyTxn) Else(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Else(o...); return t }
func (t *lossyTxn) Commit() (*clientv3.TxnResponse, error) {
	if t.write && t.l.requests.Add(-1) >= 0 {
		return nil, errLost
	}
	resp, err := t.Txn.Commit()
	if t.write && t.l.answers.Add(-1) >= 0 {
		if t.l.between != nil {
			t.l.between()
		}
		return nil, errLost
	}
	return resp, err
}

func putString(s *Store, key, body string, ifNoneMatch, ifMatch *string) error {
	_, err := s.PutObject(context.Background(), s3response.PutObjectInput{
		Bucket: new("b"), Key: &key, Body: strings.NewReader(body), ContentLength: new(int64(len(body))),
		IfNoneMatch: ifNoneMatch, IfMatch: ifMatch,
	})
	return err
}

func getString(t *testing.T, s *Store, key string) string {
	t.Helper()
	out, err := s.GetObject(context.Background(), &s3.GetObjectInput{Bucket: new("b"), Key: &key})
	if err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A create whose answer was lost meets its own write when it is repeated.
// That is a success, never a failed precondition.
func TestLostAnswerIsNotAFailedPrecondition(t *testing.T) {
	s, c := newStore(t)
	for _, body := range []string{"small", strings.Repeat("large", ChunkSize)} {
		for name, loss := range map[string]func(*lossy){
			"answer":  func(l *lossy) { l.answers.Store(1) },
			"request": func(l *lossy) { l.requests.Store(1) },
		} {
			key := name + body[:5]
			l := &lossy{KV: c}
			s.kv = l
			loss(l)
			if err := putString(s, key, body, new("*"), nil); err != nil {
				t.Errorf("%s lost: %v", name, err)
			}
			if got := getString(t, s, key); got != body {
				t.Errorf("%s lost: %d bytes, not %d", name, len(got), len(body))
			}
			if err := putString(s, key, "second", new("*"), nil); err == nil {
				t.Error("a second create succeeded")
			}
		}
	}
}

// If somebody else has changed the key meanwhile, the outcome is unknown: the
// answer is 503, and the write is not made a second time.
func TestUnknownOutcomeIsNotRepeated(t *testing.T) {
	s, c := newStore(t)
	plain := New(c, "other", empty)
	if err := plain.MoveFence(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	for name, between := range map[string]func(){
		"overwritten": func() { _ = putString(plain, "overwritten", "theirs", nil, nil) },
		"deleted": func() {
			_, _ = plain.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: new("b"), Key: new("deleted")})
		},
	} {
		l := &lossy{KV: c, between: between}
		l.answers.Store(1)
		s.kv = l
		if err := putString(s, name, "ours", new("*"), nil); err != error(ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := getString(t, s, "overwritten"); got != "theirs" {
		t.Errorf("overwritten: %q", got)
	}
	if got := getString(t, s, "deleted"); !strings.Contains(got, "NoSuchKey") {
		t.Errorf("a deleted object returned: %q", got)
	}
}

// Once a gateway has given up on a write, moving its fence makes sure that
// the write is not carried out later.
func TestFenceRefusesLateWrites(t *testing.T) {
	s, _ := newStore(t)
	late := modIs(s.fence.key, s.fence.rev.Load())
	if err := s.MoveFence(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	resp, done := s.write(time.Now().Add(time.Second), []clientv3.Cmp{late}, []clientv3.Op{clientv3.OpPut("late", "x")}, nil)
	if !done || resp.Succeeded {
		t.Fatal("a write from before the fence took effect")
	}
	if err := putString(s, "k", "after the fence", nil, nil); err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsDivergence(t *testing.T) {
	s, c := newStore(t)
	ctx := t.Context()
	if err := s.PutBucketVersioning(ctx, "b", types.BucketVersioningStatusEnabled); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("0123456789", ChunkSize/4)
	for _, k := range []string{"one", "two", "three"} {
		if err := putString(s, k, large, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	kinds := func() map[string]int {
		t.Helper()
		rep, err := s.Check(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]int{}
		for _, d := range rep.Divergences {
			m[d.Kind]++
		}
		return m
	}
	if k := kinds(); len(k) != 0 {
		t.Fatalf("a sound store diverges: %v", k)
	}
	damage := func(want string, do func(v *Version)) {
		t.Helper()
		v, err := s.object(ctx, "b", "one", "")
		if err != nil {
			t.Fatal(err)
		}
		do(v)
		if k := kinds(); k[want] == 0 {
			t.Errorf("%s was not found: %v", want, k)
		}
	}
	damage("digest-mismatch", func(v *Version) {
		_, _ = c.Put(ctx, chunkKey(v.Segments[0].Data, 1), strings.Repeat("z", ChunkSize))
	})
	damage("missing-chunks", func(v *Version) { _, _ = c.Delete(ctx, chunkKey(v.Segments[0].Data, 1)) })
	damage("version-without-head", func(*Version) { _, _ = c.Delete(ctx, headKey("b", "two")) })
	damage("head-is-not-latest", func(v *Version) { _, _ = c.Put(ctx, headKey("b", "three"), encode(Head{Version: *v, Next: 9})) })
}

// Garbage goes after its grace, uploads that were cut off after theirs, and
// nothing that is named.
func TestCollect(t *testing.T) {
	s, c := newStore(t)
	for i := range 3 {
		if err := putString(s, "k", strings.Repeat(string(rune('a'+i)), 3*ChunkSize), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.stage(source{body: strings.NewReader(strings.Repeat("c", 2*ChunkSize)), length: 2 * ChunkSize}); err != nil {
		t.Fatal(err)
	}
	count := func() int64 {
		resp, err := c.Get(t.Context(), dataPrefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			t.Fatal(err)
		}
		return resp.Count
	}
	if n := count(); n != 3*3+2 {
		t.Fatalf("%d chunks before", n)
	}
	s.collectGarbage(time.Now())
	if n := count(); n != 3*3+2 {
		t.Fatalf("%d chunks: something was collected within its grace", n)
	}
	s.collectGarbage(time.Now().Add(garbageGrace + time.Second))
	if n := count(); n != 3+2 {
		t.Fatalf("%d chunks: an upload in progress was collected, or garbage was not", n)
	}
	s.collectGarbage(time.Now().Add(uploadGrace + time.Second))
	if n := count(); n != 3 {
		t.Fatalf("%d chunks after", n)
	}
	if got := getString(t, s, "k"); got != strings.Repeat("c", 3*ChunkSize) {
		t.Fatal("the object is damaged")
	}
}
