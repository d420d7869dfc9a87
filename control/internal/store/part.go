package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// UploadPart stores one part, or replaces it.
func (s *Store) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	dl, began := deadline(ctx), time.Now()
	sum := given(in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA256)
	st, err := s.stage(source{in.Body, aws.ToInt64(in.ContentLength), sum})
	if err != nil {
		return nil, err
	}
	dl = dl.Add(time.Since(began)) // the body's own time does not count
	if err := s.namePart(dl, in, st); err != nil {
		s.discard(st)
		return nil, err
	}
	return &s3.UploadPartOutput{ETag: new(quote(st.segment.MD5))}, nil
}

// namePart makes a staged body a part of its upload, if that still exists.
func (s *Store) namePart(dl time.Time, in *s3.UploadPartInput, st *staged) error {
	bucket, key, id := str(in.Bucket), str(in.Key), str(in.UploadId)
	k := uploadKey(bucket, key, id)
	for {
		up, rev, err := s.upload(dl, bucket, key, id)
		if err != nil {
			return err
		}
		c := &change{}
		if old, ok := up.Parts[*in.PartNumber]; ok {
			c.ops = s.drop([]Segment{old})
		}
		up.Parts[*in.PartNumber] = st.segment
		st.reference(c)
		done, err := s.writeOnce(dl, []clientv3.Cmp{modIs(k, rev), c.onlyOnce()}, append(c.ops, put(k, up)))
		if err != nil || done {
			return err
		}
		if !pause(dl) { // another part came meanwhile
			return errBusy
		}
	}
}
