package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"
)

// history is what was acknowledged.
type history struct {
	mu    sync.Mutex
	acked map[string]string
}

// writeThrough writes unique keys through a node until stop closes.
func (h *history) writeThrough(c *cluster, n *testNode, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		key := unique(n.name, i)
		if _, err := c.put(n, "faults", key, "body of "+key); err == nil {
			h.mu.Lock()
			h.acked[key] = "body of " + key
			h.mu.Unlock()
		}
	}
}

// verify reads all that was acknowledged through each node.
func (h *history) verify(c *cluster, nodes []*testNode) {
	c.t.Helper()
	if len(h.acked) == 0 {
		c.t.Fatal("nothing was acknowledged: the test proves nothing")
	}
	for key, want := range h.acked {
		for _, n := range nodes {
			if got, err := c.get(n, "faults", key, ""); err != nil || got != want {
				c.t.Fatalf("%s: %q is %q (%v)", n.name, key, got, err)
			}
		}
	}
}

// during runs f while all nodes are written through.
func (h *history) during(c *cluster, f func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		wg.Go(func() { h.writeThrough(c, n, stop) })
	}
	f()
	close(stop)
	wg.Wait()
}

func TestNothingAcknowledgedIsLost(t *testing.T) {
	c := newCluster(t)
	c.bucket("faults", true)
	h := &history{acked: map[string]string{}}

	for round, victim := range []func() *testNode{
		c.leader,
		func() *testNode { return c.others(c.leader())[0] },
	} {
		v := victim()
		h.during(c, func() {
			c.kill(v)
			c.eventually("a survivor takes writes", func() bool {
				_, err := c.put(c.others(v)[0], "faults", fmt.Sprint("probe-", round), "x")
				return err == nil
			})
			c.start(v, "new")
			c.waitReady(v)
		})
		h.verify(c, c.nodes)
	}

	// Silence: a frozen leader, whose clients are answered by the others, and
	// which reads no old state once it wakes.
	v := c.leader()
	rest := c.others(v)
	c.signal(v, syscall.SIGSTOP)
	c.eventually("a survivor takes writes", func() bool {
		_, err := c.put(rest[0], "faults", "silent", "written during the silence")
		return err == nil
	})
	c.signal(v, syscall.SIGCONT)
	c.eventually("the frozen node answers", func() bool {
		got, err := c.get(v, "faults", "silent", "")
		if err == nil && got != "written during the silence" || code(err) == "NoSuchKey" {
			t.Fatalf("stale read after the thaw: %q (%v)", got, err)
		}
		return err == nil
	})

	// Two of three: no write is acknowledged, and no read answered.
	for _, n := range rest {
		c.kill(n)
	}
	if _, err := c.put(v, "faults", "alone", "x"); err == nil {
		t.Fatal("one of three acknowledged a write")
	}
	if got, err := c.get(v, "faults", "silent", ""); err == nil || code(err) == "NoSuchKey" {
		t.Fatalf("one of three answered a read: %q (%v)", got, err)
	}

	// All of them.
	c.kill(v)
	for _, n := range c.nodes {
		c.start(n, "new")
	}
	for _, n := range c.nodes {
		c.eventually(n.name+" answers", func() bool {
			got, err := c.get(n, "faults", "silent", "")
			if err == nil && got != "written during the silence" || code(err) == "NoSuchKey" {
				t.Fatalf("wrong answer on the way up: %q (%v)", got, err)
			}
			return err == nil
		})
		c.waitReady(n)
	}
	h.verify(c, c.nodes)
	c.noDivergence()
}

func TestEmptiedNodeIsMadeWhole(t *testing.T) {
	c := newCluster(t)
	c.bucket("faults", false)
	h := &history{acked: map[string]string{}}
	v := c.others(c.leader())[0]
	survivor := c.others(v)[0]
	h.during(c, func() {
		c.kill(v)
		if err := os.RemoveAll(v.dir); err != nil {
			t.Fatal(err)
		}
		code, body := c.admin(survivor, http.MethodPost, "/members/replace", fmt.Sprintf(`{"name":%q,"peer_url":"http://%s"}`, v.name, v.peer))
		if code != http.StatusOK {
			t.Fatalf("replace: %d %s", code, body)
		}
		c.start(v, "existing")
		c.waitReady(v)
	})
	c.kill(survivor)
	rest := c.others(survivor)
	c.eventually("the others take writes", func() bool {
		_, err := c.put(v, "faults", "after", "x")
		return err == nil
	})
	h.verify(c, rest)
}

func TestCredentialsRotate(t *testing.T) {
	c := newCluster(t)
	c.bucket("faults", false)
	if _, err := c.put(c.nodes[0], "faults", "k", "body"); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{
		`{"access_key":"fresh","secret_key":"fresh-secret","role":"readonly"}`, `{"access_key":"fresh","secret_key":"short","role":"admin"}`,
	} {
		if code, _ := c.admin(c.nodes[0], http.MethodPost, "/users", user); code != http.StatusBadRequest {
			t.Errorf("POST /users of %s: %d", user, code)
		}
	}
	if code, _ := c.admin(c.nodes[0], http.MethodPost, "/users", `{"access_key":"testroot","secret_key":"another-secret","role":"admin"}`); code != http.StatusConflict {
		t.Errorf("POST /users of the root credential: %d", code)
	}
	if code, _ := c.admin(c.nodes[0], http.MethodPost, "/users", `{"access_key":"fresh","secret_key":"fresh-secret","role":"admin"}`); code != http.StatusOK {
		t.Fatalf("POST /users: %d", code)
	}
	for _, n := range c.nodes {
		c.eventually("the new credential works on "+n.name, func() bool {
			_, err := c.clientAs(n, "fresh", "fresh-secret").ListBuckets(t.Context())
			return err == nil
		})
		if _, err := c.clientAs(n, "fresh", "wrong-secret").ListBuckets(t.Context()); code(err) != "SignatureDoesNotMatch" {
			t.Errorf("a wrong secret is answered with %v", err)
		}
		if _, err := c.clientAs(n, roKey, roSecret).ListBuckets(t.Context()); err != nil {
			t.Errorf("the read-only credential may not list: %v", err)
		}
		nobody := c.clientAs(n, "", "")
		_, list := nobody.ListObjectsV2("faults", "", "", "", "", 10)
		_, intruded := nobody.Client.PutObject(t.Context(), "faults", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{DisableMultipart: true})
		_, _, _, read := nobody.GetObject(t.Context(), "faults", "k", minio.GetObjectOptions{})
		for what, err := range map[string]error{"GET": read, "PUT": intruded, "a listing": list} {
			if code(err) != "AccessDenied" {
				t.Errorf("%s without a credential is answered with %v", what, err)
			}
		}
		reader := c.clientAs(n, roKey, roSecret)
		if _, err := reader.StatObject(t.Context(), "faults", "k", minio.StatObjectOptions{}); err != nil {
			t.Errorf("the read-only credential may not read: %v", err)
		}
		if res, err := reader.ListObjectsV2("faults", "", "", "", "", 10); err != nil || len(res.Contents) != 1 {
			t.Errorf("the read-only credential lists %v (%v)", res.Contents, err)
		}
		_, put := reader.Client.PutObject(t.Context(), "faults", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{DisableMultipart: true})
		_, upload := reader.NewMultipartUpload(t.Context(), "faults", "k", minio.PutObjectOptions{})
		for what, err := range map[string]error{
			"PUT": put, "a multipart upload": upload,
			"DELETE":         reader.Client.RemoveObject(t.Context(), "faults", "k", minio.RemoveObjectOptions{}),
			"a new bucket":   reader.MakeBucket(t.Context(), "another", minio.MakeBucketOptions{}),
			"its removal":    reader.RemoveBucket(t.Context(), "faults"),
			"its versioning": reader.EnableVersioning(t.Context(), "faults"),
		} {
			if code(err) != "AccessDenied" {
				t.Errorf("%s by the read-only credential is answered with %v", what, err)
			}
		}
	}
	if code, _ := c.admin(c.nodes[1], http.MethodDelete, "/users/fresh", ""); code != http.StatusOK {
		t.Fatalf("DELETE /users: %d", code)
	}
	for _, n := range c.nodes {
		c.eventually("the old credential stops on "+n.name, func() bool {
			_, err := c.clientAs(n, "fresh", "fresh-secret").ListBuckets(t.Context())
			return code(err) == "InvalidAccessKeyId"
		})
	}
}
