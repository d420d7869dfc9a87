package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/minio/minio-go/v7"
)

// race runs 32 writers over all endpoints and returns the winners' bodies.
func race(c *cluster, bucket, key string, set func(*minio.PutObjectOptions)) (winners []string, codes map[string]int) {
	codes = map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range 32 {
		cl := c.client(c.nodes[i%3])
		wg.Go(func() {
			<-begin
			body := unique("writer", i) // equal bodies would have equal ETags
			o := minio.PutObjectOptions{DisableMultipart: true}
			set(&o)
			_, err := cl.Client.PutObject(context.Background(), bucket, key, strings.NewReader(body), int64(len(body)), o)
			mu.Lock()
			defer mu.Unlock()
			codes[code(err)]++
			if err == nil {
				winners = append(winners, body)
			}
		})
	}
	close(begin)
	wg.Wait()
	return winners, codes
}

func TestConditionalWritesHaveOneWinner(t *testing.T) {
	c := newCluster(t)
	for _, versioned := range []bool{false, true} {
		bucket := fmt.Sprintf("race-%t", versioned)
		c.bucket(bucket, versioned)
		for round := range 5 {
			key := fmt.Sprintf("k/%d", round)
			check := func(what string, winners []string, codes map[string]int) {
				t.Helper()
				if len(winners) != 1 || codes["PreconditionFailed"] != 31 {
					t.Fatalf("%s, versioned %t: winners %v, answers %v", what, versioned, winners, codes)
				}
				for _, n := range c.nodes {
					if got, err := c.get(n, bucket, key, ""); err != nil || got != winners[0] {
						t.Fatalf("%s: %s has %q (%v), the winner wrote %q", what, n.name, got, err, winners[0])
					}
				}
			}
			w, codes := race(c, bucket, key, func(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") })
			check("create", w, codes)
			info, err := c.client(c.nodes[0]).StatObject(context.Background(), bucket, key, minio.StatObjectOptions{})
			if err != nil {
				t.Fatal(err)
			}
			w, codes = race(c, bucket, key, func(o *minio.PutObjectOptions) { o.SetMatchETag(info.ETag) })
			check("update", w, codes)
			// A delete marker, or nothing, counts as absent.
			if err := c.client(c.nodes[1]).RemoveObject(context.Background(), bucket, key, minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
			w, codes = race(c, bucket, key, func(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") })
			check("create after delete", w, codes)
		}
		w, codes := race(c, bucket, "absent", func(o *minio.PutObjectOptions) { o.SetMatchETag("0123456789abcdef0123456789abcdef") })
		if len(w) != 0 || codes["NoSuchKey"] != 32 {
			t.Fatalf("If-Match on an absent key: winners %v, answers %v", w, codes)
		}
	}
	c.noDivergence()
}
