package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"
)

func TestMultipartUpload(t *testing.T) {
	c := newCluster(t)
	c.bucket("parts", true)
	ctx := context.Background()
	large, small := bytes.Repeat([]byte("0123456789"), 600_000), []byte("the end")
	id, err := c.client(c.nodes[0]).NewMultipartUpload(ctx, "parts", "k", minio.PutObjectOptions{ContentType: "text/x-parts"})
	if err != nil {
		t.Fatal(err)
	}
	var parts []minio.CompletePart
	for i, body := range [][]byte{small, large, small} { // part 1 is replaced below
		p, err := c.client(c.nodes[i]).PutObjectPart(ctx, "parts", "k", id, i+1, bytes.NewReader(body), int64(len(body)), minio.PutObjectPartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: i + 1, ETag: p.ETag})
	}
	complete := func(n *testNode) error {
		_, err := c.client(n).CompleteMultipartUpload(ctx, "parts", "k", id, parts, minio.PutObjectOptions{})
		return err
	}
	if err := complete(c.nodes[1]); code(err) != "EntityTooSmall" {
		t.Errorf("a first part of %d bytes is answered with %v", len(small), err)
	}
	if err := c.client(c.nodes[1]).RemoveBucket(ctx, "parts"); code(err) != "BucketNotEmpty" {
		t.Errorf("the removal of a bucket with an upload in progress is answered with %v", err)
	}
	p, err := c.client(c.nodes[2]).PutObjectPart(ctx, "parts", "k", id, 1, bytes.NewReader(large), int64(len(large)), minio.PutObjectPartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := complete(c.nodes[1]); code(err) != "InvalidPart" {
		t.Errorf("a part that was replaced is answered with %v", err)
	}
	parts[0].ETag = p.ETag
	ups, err := c.client(c.nodes[0]).ListMultipartUploads(ctx, "parts", "", "", "", "", 10)
	if err != nil || len(ups.Uploads) != 1 || ups.Uploads[0].UploadID != id {
		t.Errorf("uploads in progress: %v (%v)", ups.Uploads, err)
	}
	if err := complete(c.nodes[0]); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		r, info, _, err := c.client(n).GetObject(ctx, "parts", "k", minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(body, bytes.Join([][]byte{large, large, small}, nil)) || info.ContentType != "text/x-parts" {
			t.Errorf("%s: %d bytes of %s (%v)", n.name, len(body), info.ContentType, err)
		}
	}
	c.noDivergence()
}

func TestTagsAreKeptWithTheirVersion(t *testing.T) {
	c := newCluster(t)
	c.bucket("tagged", true)
	ctx := context.Background()
	put := func(n *testNode, tags map[string]string) string {
		o := minio.PutObjectOptions{DisableMultipart: true, UserTags: tags}
		info, err := c.client(n).Client.PutObject(ctx, "tagged", "k", bytes.NewReader([]byte("body")), 4, o)
		if err != nil {
			t.Fatal(err)
		}
		return info.VersionID
	}
	seen := func(n *testNode, version string) map[string]string {
		found, err := c.client(n).GetObjectTagging(ctx, "tagged", "k", minio.GetObjectTaggingOptions{VersionID: version})
		if err != nil {
			t.Fatal(err)
		}
		return found.ToMap()
	}
	first := put(c.nodes[0], map[string]string{"for": "state", "team": "infra"})
	put(c.nodes[1], nil)
	for _, n := range c.nodes {
		if found := seen(n, first); len(found) != 2 || found["for"] != "state" || found["team"] != "infra" {
			t.Errorf("%s shows the tags %v", n.name, found)
		}
		if found := seen(n, ""); len(found) != 0 {
			t.Errorf("%s shows the tags %v of a version that was given none", n.name, found)
		}
	}
}

func TestWhatIsNotKeptIsRefused(t *testing.T) {
	c := newCluster(t)
	c.bucket("refused", false)
	ctx := context.Background()
	put := func(o minio.PutObjectOptions) error {
		o.DisableMultipart = true
		_, err := c.client(c.nodes[0]).Client.PutObject(ctx, "refused", "k", bytes.NewReader([]byte("body")), 4, o)
		return err
	}
	for name, o := range map[string]minio.PutObjectOptions{
		"encryption": {ServerSideEncryption: encrypt.NewSSE()},
		"lock":       {LegalHold: minio.LegalHoldEnabled},
		"sha1":       {UserMetadata: map[string]string{"X-Amz-Checksum-Sha1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}},
	} {
		if err := put(o); code(err) != "NotImplemented" {
			t.Errorf("%s is answered with %v", name, err)
		}
	}
}
