package store

import (
	"bytes"
	"crypto/md5"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

// upload starts one and sends its parts side by side; all of them change the
// upload's one record.
func upload(t *testing.T, s *Store, key string, parts [][]byte) (id string, named []types.CompletedPart) {
	t.Helper()
	res, err := s.CreateMultipartUpload(t.Context(), s3response.CreateMultipartUploadInput{Bucket: new("b"), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	named = make([]types.CompletedPart, len(parts))
	var sent errgroup.Group
	for i, body := range parts {
		sent.Go(func() error {
			out, err := s.UploadPart(t.Context(), &s3.UploadPartInput{
				Bucket: new("b"), Key: &key, UploadId: &res.UploadId, PartNumber: new(int32(i + 1)),
				Body: bytes.NewReader(body), ContentLength: new(int64(len(body))),
			})
			if err == nil {
				named[i] = types.CompletedPart{PartNumber: new(int32(i + 1)), ETag: out.ETag}
			}
			return err
		})
	}
	if err := sent.Wait(); err != nil {
		t.Fatal(err)
	}
	return res.UploadId, named
}

func TestPartsSideBySide(t *testing.T) {
	s, _ := newStore(t)
	var parts [][]byte
	for i := range 6 {
		parts = append(parts, bytes.Repeat([]byte{byte('a' + i)}, backend.MinPartSize))
	}
	id, named := upload(t, s, "k", parts)
	if _, _, err := s.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: new("b"), Key: new("k"), UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: named},
	}); err != nil {
		t.Fatal(err)
	}
	out, err := s.GetObject(t.Context(), &s3.GetObjectInput{Bucket: new("b"), Key: new("k")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if want := bytes.Join(parts, nil); err != nil || !bytes.Equal(body, want) {
		t.Errorf("%d bytes with digest %x, not %d with %x (%v)", len(body), md5.Sum(body), len(want), md5.Sum(want), err)
	}
}

func TestAbortedPartsAreCollected(t *testing.T) {
	s, c := newStore(t)
	id, _ := upload(t, s, "k", [][]byte{bytes.Repeat([]byte("a"), 3*ChunkSize), []byte("end")})
	abort := func() error {
		return s.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: new("b"), Key: new("k"), UploadId: &id})
	}
	if err := abort(); err != nil {
		t.Fatal(err)
	}
	if err := abort(); !isCode(err, "NoSuchUpload") {
		t.Errorf("a second abort is answered with %v", err)
	}
	s.collectGarbage(time.Now().Add(garbageGrace + time.Second))
	for _, prefix := range []string{dataPrefix, uploadPrefix, garbagePrefix} {
		resp, err := c.Get(t.Context(), prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil || resp.Count != 0 {
			t.Errorf("%d records under %s are left (%v)", resp.Count, prefix, err)
		}
	}
}
