package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// MaxParts is how many parts an upload may have; each is named in the records
// of the version that it becomes part of.
const MaxParts = 1000

// CreateMultipartUpload starts an upload. Nothing of it is visible to readers.
func (s *Store) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (res s3response.InitiateMultipartUploadResult, err error) {
	bucket, key, id := str(in.Bucket), str(in.Key), newID()
	if err := validKey(key); err != nil {
		return res, err
	}
	up := Upload{Started: time.Now().UTC(), Parts: map[int32]Segment{}, Headers: Headers{
		ContentType: str(in.ContentType), ContentEncoding: str(in.ContentEncoding), ContentDisposition: str(in.ContentDisposition),
		ContentLanguage: str(in.ContentLanguage), CacheControl: str(in.CacheControl), Meta: in.Metadata,
	}}
	ok, err := s.writeRepeatable(deadline(ctx), []clientv3.Cmp{exists(bucketKey(bucket))}, []clientv3.Op{put(uploadKey(bucket, key, id), up)})
	if err == nil && !ok {
		err = s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	return s3response.InitiateMultipartUploadResult{Bucket: bucket, Key: key, UploadId: id}, err
}

// upload reads an upload's record and its revision, which every change of its
// parts changes.
func (s *Store) upload(dl time.Time, bucket, key, id string) (*Upload, int64, error) {
	kvs, err := s.get(dl, bucketKey(bucket), uploadKey(bucket, key, id))
	if err != nil {
		return nil, 0, err
	}
	if kvs[0] == nil {
		return nil, 0, s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	if kvs[1] == nil || id == "" {
		return nil, 0, s3err.GetNoSuchUploadErr(id)
	}
	up, err := decode[Upload](kvs[1].Value)
	return up, kvs[1].ModRevision, err
}

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
		err = s.writeOnce(dl, []clientv3.Cmp{modIs(k, rev), c.onlyOnce()}, append(c.ops, put(k, up)), errBusy)
		if err != errBusy || !pause(dl) { // else another part came meanwhile
			return err
		}
	}
}

// AbortMultipartUpload ends an upload and gives its parts to the collector.
func (s *Store) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	dl, k := deadline(ctx), uploadKey(str(in.Bucket), str(in.Key), str(in.UploadId))
	up, rev, err := s.upload(dl, str(in.Bucket), str(in.Key), str(in.UploadId))
	if err != nil {
		return err
	}
	ops := append(s.drop(slices.Collect(maps.Values(up.Parts))), clientv3.OpDelete(k))
	return s.writeOnce(dl, []clientv3.Cmp{modIs(k, rev)}, ops, errBusy) // if a part came meanwhile
}

// ListMultipartUploads lists the uploads in progress, in one page only.
func (s *Store) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (res s3response.ListMultipartUploadsResult, err error) {
	if str(in.KeyMarker)+str(in.UploadIdMarker)+str(in.Delimiter) != "" {
		return res, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	dl := deadline(ctx)
	if _, _, err := s.bucket(dl, str(in.Bucket)); err != nil {
		return res, err
	}
	err = records(s, dl, span{base: uploadRange(str(in.Bucket)), prefix: str(in.Prefix)}, func(name string, up *Upload) (string, error) {
		if res.IsTruncated = len(res.Uploads) == int(*in.MaxUploads); res.IsTruncated {
			return "", errStop
		}
		key, id, _ := strings.Cut(name, "\x00")
		res.Uploads = append(res.Uploads, s3response.Upload{Key: key, UploadID: id, Initiated: up.Started, StorageClass: types.StorageClassStandard})
		return "", nil
	})
	res.Bucket, res.Prefix, res.MaxUploads = str(in.Bucket), str(in.Prefix), int(*in.MaxUploads)
	return res, err
}
