package store

import (
	"context"
	"crypto/md5"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"pgregory.net/rapid"
)

// The model: each key is a register. A write that was acknowledged took
// effect once, while it was in flight; one that was refused never did; one
// whose outcome is unknown did at most once, and not after its gateway's
// fence has moved. A read sees what the register held while it was in flight.

func init() {
	for name, value := range map[string]string{"rapid.checks": "1000", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

const (
	modelGateways = 2
	modelClients  = 2 // of each gateway
	modelKeys     = 2
	// fenceLimit is how long a fence may take to move: longer than all
	// changes of it that a schedule loses, shorter than its latest writes.
	fenceLimit = 40 * time.Second
)

type kind int

const (
	opPut    kind = iota
	opCreate      // If-None-Match: *
	opUpdate      // If-Match: what a read has shown just before
	opDelete
	opRemove // the version that a read has shown just before
	opGet
)

// step is one request of a client.
type step struct {
	Kind kind
	Key  int
	Long bool // a body of more than one chunk
	Wait time.Duration
}

// schedule is one run: what each client asks for, and what becomes of each
// gateway's writes.
type schedule struct {
	Versioning string
	Clients    [][]step
	Fates      [][]fate
}

func schedules() *rapid.Generator[schedule] {
	wait := func(most time.Duration) *rapid.Generator[time.Duration] {
		return rapid.Map(rapid.IntRange(0, int(most/time.Millisecond)), func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond })
	}
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			Kind: rapid.SampledFrom([]kind{opCreate, opPut, opUpdate, opDelete, opRemove, opGet}).Draw(t, "kind"),
			Key:  rapid.IntRange(0, modelKeys-1).Draw(t, "key"),
			Long: rapid.IntRange(0, 7).Draw(t, "long") == 7,
			Wait: rapid.OneOf(wait(20*time.Millisecond), wait(20*time.Millisecond), wait(3*time.Second), wait(40*time.Second)).Draw(t, "wait"),
		}
	}), 0, 8)
	fates := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fate {
		switch rapid.SampledFrom([]string{"well", "well", "well", "well", "silent", "lost", "slow", "late"}).Draw(t, "fate") {
		case "silent":
			return fate{Apply: quick, Silent: true}
		case "lost":
			return fate{Lost: true}
		case "slow":
			return fate{Apply: wait(2500*time.Millisecond).Draw(t, "delay")}
		case "late":
			return fate{Apply: wait(120*time.Second).Draw(t, "delay")}
		}
		return fate{Apply: wait(5*time.Millisecond).Draw(t, "delay")}
	}), 0, 24)
	return rapid.Custom(func(t *rapid.T) schedule {
		return schedule{
			Versioning: rapid.SampledFrom([]string{"", "Enabled", "Suspended"}).Draw(t, "versioning"),
			Clients:    rapid.SliceOfN(steps, modelGateways*modelClients, modelGateways*modelClients).Draw(t, "clients"),
			Fates:      rapid.SliceOfN(fates, modelGateways, modelGateways).Draw(t, "fates"),
		}
	})
}

// attempt of a request, as its client saw it.
type asked struct {
	step
	gateway    int
	key        string
	etag       string // of the body that a write sent, or a read found; "" for none
	expected   string // ETag that an update names
	start, end time.Time
	err        error
}

func (a *asked) writes() bool { return a.Kind <= opUpdate }

func (a *asked) unknown() bool { return errors.Is(a.err, ErrUnavailable) }

func (a *asked) String() string {
	if a == nil {
		return "none"
	}
	return fmt.Sprintf("client of gateway %d: kind %d of %s, etag %.6s, expected %.6s, %v to %v: %v",
		a.gateway, a.Kind, a.key, a.etag, a.expected, a.start.Format("05.000"), a.end.Format("05.000"), a.err)
}

// run plays a schedule in simulated time and judges it. An error is a
// violation of the model.
func run(t *testing.T, sch schedule, d defect) (violation error) {
	synctest.Test(t, func(t *testing.T) {
		etcd := &simEtcd{records: map[string]*mvccpb.KeyValue{}}
		plain := New(&simKV{etcd: etcd}, "plain", empty)
		ctx, stop := context.WithCancel(context.Background())
		if err := errors.Join(plain.MoveFence(time.Now().Add(time.Second)), plain.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: new("b")}, nil)); err != nil {
			t.Fatal(err)
		}
		if sch.Versioning != "" {
			if err := plain.PutBucketVersioning(ctx, "b", types.BucketVersioningStatus(sch.Versioning)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second) // a stale read sees the bucket all the same
		var background, clients sync.WaitGroup
		background.Go(func() { plain.Collect(ctx, func() bool { return true }) })
		history := make([][]*asked, len(sch.Clients))
		for g := range modelGateways {
			s := New(&simKV{etcd: etcd}, fmt.Sprint(g), empty)
			if err := s.MoveFence(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			s.kv = &simKV{etcd: etcd, fates: slices.Clone(sch.Fates[g]), defect: d}
			background.Go(func() { s.KeepFence(ctx) })
			for c := range modelClients {
				n := g*modelClients + c
				clients.Go(func() {
					for i, st := range sch.Clients[n] {
						time.Sleep(st.Wait)
						history[n] = append(history[n], ask(s, g, st, fmt.Sprintf("%d-%d", n, i)))
					}
				})
			}
		}
		clients.Wait()
		time.Sleep(3 * time.Minute) // what is late arrives, and garbage goes
		stop()
		background.Wait()
		violation = judge(etcd, plain, slices.Concat(history...))
	})
	return violation
}

// ask sends one request through a gateway.
func ask(s *Store, gateway int, st step, id string) *asked {
	a := &asked{step: st, gateway: gateway, key: fmt.Sprint("key", st.Key)}
	ctx := context.Background()
	body := "body of " + id
	if st.Long {
		body += strings.Repeat(".", ChunkSize)
	}
	var version string
	if st.Kind == opUpdate || st.Kind == opRemove {
		head, err := s.HeadObject(ctx, &s3.HeadObjectInput{Bucket: new("b"), Key: &a.key})
		if err != nil {
			a.Kind = opGet // nothing to name: it becomes a read
		} else {
			a.expected, version = strings.Trim(*head.ETag, `"`), nullVersion
			if head.VersionId != nil {
				version = *head.VersionId
			}
		}
	}
	a.start = time.Now()
	defer func() { a.end = time.Now() }()
	in := s3response.PutObjectInput{Bucket: new("b"), Key: &a.key, Body: strings.NewReader(body), ContentLength: new(int64(len(body)))}
	switch a.Kind {
	case opCreate:
		in.IfNoneMatch = new("*")
	case opUpdate:
		in.IfMatch = &a.expected
	case opDelete, opRemove:
		_, a.err = s.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: new("b"), Key: &a.key, VersionId: backend.GetPtrFromString(version)})
		return a
	case opGet:
		a.etag, a.err = read(s, a.key)
		return a
	}
	a.etag = fmt.Sprintf("%x", md5.Sum([]byte(body)))
	_, a.err = s.PutObject(ctx, in)
	return a
}

// read reads a key and its body to the end; an absent one has no ETag.
func read(s *Store, key string) (string, error) {
	out, err := s.GetObject(context.Background(), &s3.GetObjectInput{Bucket: new("b"), Key: &key})
	if isCode(err, "NoSuchKey") {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return "", err
	}
	if sum := fmt.Sprintf(`"%x"`, md5.Sum(body)); sum != *out.ETag {
		return "", fmt.Errorf("the body of %s is %s, its ETag %s", key, sum, *out.ETag)
	}
	return strings.Trim(*out.ETag, `"`), nil
}

func isCode(err error, code string) bool {
	var api s3err.S3Error
	return errors.As(err, &api) && api.BaseError().Code == code
}

// TestModel plays random schedules; -rapid.checks and -rapid.seed choose
// others.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sch := schedules().Draw(rt, "schedule")
		if err := run(t, sch, defect{}); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestModelCatchesDefects makes each mistake for the store, and looks for a
// schedule that shows it.
func TestModelCatchesDefects(t *testing.T) {
	for _, d := range []defect{
		{name: "the fence is not compared", drop: fencePrefix},
		{name: "the fence is never moved", idle: true},
		{name: "the head is not compared", drop: headPrefix},
		{name: "a body may be referenced twice", drop: dataPrefix},
		{name: "an unanswered change is sent again without its comparisons", insist: true},
		{name: "the head that is read is stale", stale: 2 * time.Second},
		{name: "a change is acknowledged before it is made", hasty: true},
	} {
		t.Run(d.name, func(t *testing.T) {
			const most = 3000
			for seed := range most {
				if err := run(t, schedules().Example(seed), d); err != nil {
					t.Logf("schedule %d: %v", seed, err)
					return
				}
			}
			t.Errorf("no schedule of %d shows it", most)
		})
	}
}
