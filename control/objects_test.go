package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

func TestCutUploadsLeaveNothingVisible(t *testing.T) {
	c := newCluster(t)
	c.bucket("cut", false)
	ctx := context.Background()
	body := strings.Repeat("x", 3<<20)
	for i, n := range c.nodes {
		// The body ends in the middle, with an error of the client's own.
		r := io.MultiReader(strings.NewReader(body[:2<<20]), brokenReader{})
		if _, err := c.client(n).Client.PutObject(ctx, "cut", fmt.Sprint("put-", i), r, 3<<20, minio.PutObjectOptions{DisableMultipart: true}); err == nil {
			t.Fatal("a cut upload was acknowledged")
		}
		id, err := c.client(n).NewMultipartUpload(ctx, "cut", fmt.Sprint("mp-", i), minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r = io.MultiReader(strings.NewReader(body[:1<<20]), brokenReader{})
		if _, err := c.client(n).PutObjectPart(ctx, "cut", fmt.Sprint("mp-", i), id, 1, r, 3<<20, minio.PutObjectPartOptions{}); err == nil {
			t.Fatal("a cut part was acknowledged")
		}
		whole := []minio.CompletePart{{PartNumber: 1, ETag: "d41d8cd98f00b204e9800998ecf8427e"}}
		if _, err := c.client(n).CompleteMultipartUpload(ctx, "cut", fmt.Sprint("mp-", i), id, whole, minio.PutObjectOptions{}); code(err) != "InvalidPart" {
			t.Fatalf("an upload of a cut part is completed with %v", err)
		}
		// A connection that is dropped without a word.
		conn, err := net.Dial("tcp", n.s3)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "PUT /cut/raw HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\nabc", n.s3)
		conn.Close()
	}
	for _, n := range c.nodes {
		res, err := c.client(n).ListObjectsV2("cut", "", "", "", "", 100)
		if err != nil || len(res.Contents) != 0 {
			t.Fatalf("%s lists %v (%v)", n.name, res.Contents, err)
		}
		if _, err := c.get(n, "cut", "put-0", ""); code(err) != "NoSuchKey" {
			t.Fatalf("a cut upload is answered with %v", err)
		}
	}
	c.noDivergence()
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestDamagedBodiesAreRefused(t *testing.T) {
	c := newCluster(t)
	c.bucket("damaged", false)
	for _, size := range []int{10, 1 << 20} {
		body := bytes.Repeat([]byte("y"), size)
		for name, h := range map[string]http.Header{
			"content-md5": {"Content-Md5": {"AAAAAAAAAAAAAAAAAAAAAA=="}},
			"crc32":       {"X-Amz-Checksum-Crc32": {"AAAAAA=="}},
			"sha256":      {"X-Amz-Checksum-Sha256": {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
		} {
			o := minio.PutObjectOptions{DisableMultipart: true, DisableContentSha256: true, UserMetadata: map[string]string{}}
			for k, v := range h {
				o.UserMetadata[k] = v[0]
			}
			md5 := ""
			if name == "content-md5" {
				md5 = h.Get("Content-Md5")
				o.UserMetadata = nil
			}
			_, err := c.client(c.nodes[0]).PutObject(context.Background(), "damaged", name, bytes.NewReader(body), int64(size), md5, "", o)
			if err == nil {
				t.Errorf("%s of %d bytes: a damaged body was taken", name, size)
			}
			if _, err := c.get(c.nodes[1], "damaged", name, ""); code(err) != "NoSuchKey" {
				t.Errorf("%s of %d bytes: something was stored: %v", name, size, err)
			}
		}
	}
	c.noDivergence()
}

func TestListingAtPageBoundaries(t *testing.T) {
	c := newCluster(t)
	c.bucket("pages", false)
	var want []string
	for i := range 13 {
		for _, p := range []string{"a", "b/", "c/d/"} {
			k := fmt.Sprintf("%s%02d é+ x", p, i)
			want = append(want, k)
			if _, err := c.put(c.nodes[i%3], "pages", k, k); err != nil {
				t.Fatal(err)
			}
		}
	}
	for page := 1; page <= len(want)+1; page++ {
		n := c.nodes[page%3]
		var got, rolled []string
		for _, delimiter := range []string{"", "/"} {
			tok := ""
			for {
				res, err := c.client(n).ListObjectsV2("pages", "", "", tok, delimiter, page)
				if err != nil {
					t.Fatal(err)
				}
				if len(res.Contents)+len(res.CommonPrefixes) > page {
					t.Fatalf("page of %d has more", page)
				}
				for _, o := range res.Contents {
					if delimiter == "" {
						got = append(got, o.Key)
					} else {
						rolled = append(rolled, o.Key)
					}
				}
				for _, p := range res.CommonPrefixes {
					rolled = append(rolled, p.Prefix)
				}
				if tok = res.NextContinuationToken; !res.IsTruncated {
					break
				}
			}
		}
		if len(got) != len(want) {
			t.Fatalf("pages of %d: %d keys, not %d", page, len(got), len(want))
		}
		for i := 1; i < len(got); i++ {
			if got[i-1] >= got[i] {
				t.Fatalf("pages of %d: out of order at %q", page, got[i])
			}
		}
		if len(rolled) != 13+2 {
			t.Fatalf("pages of %d with a delimiter: %v", page, rolled)
		}
	}
}

func TestVersionsRestore(t *testing.T) {
	c := newCluster(t)
	c.bucket("versions", true)
	ctx := context.Background()
	var ids []string
	for i := range 4 {
		info, err := c.put(c.nodes[i%3], "versions", "state", fmt.Sprint("serial ", i))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, info.VersionID)
	}
	cl := c.client(c.nodes[0]).Client
	if _, err := cl.CopyObject(ctx, minio.CopyDestOptions{Bucket: "versions", Object: "state"},
		minio.CopySrcOptions{Bucket: "versions", Object: "state", VersionID: ids[1]}); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		if got, err := c.get(n, "versions", "state", ""); err != nil || got != "serial 1" {
			t.Fatalf("%s: restored to %q (%v)", n.name, got, err)
		}
		for i, id := range ids {
			if got, err := c.get(n, "versions", "state", id); err != nil || got != fmt.Sprint("serial ", i) {
				t.Fatalf("%s: version %d is %q (%v)", n.name, i, got, err)
			}
		}
	}
	// A delete marker hides the object; removing it brings the object back.
	if err := cl.RemoveObject(ctx, "versions", "state", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.get(c.nodes[1], "versions", "state", ""); code(err) != "NoSuchKey" {
		t.Fatalf("deleted, but answered with %v", err)
	}
	for o := range cl.ListObjects(ctx, "versions", minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		if o.IsDeleteMarker {
			if err := cl.RemoveObject(ctx, "versions", "state", minio.RemoveObjectOptions{VersionID: o.VersionID}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := c.get(c.nodes[2], "versions", "state", ""); err != nil || got != "serial 1" {
		t.Fatalf("after the marker is gone: %q (%v)", got, err)
	}
	c.noDivergence()
}
