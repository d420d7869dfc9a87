package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// MaxParts is how many parts an upload may have; each is named in the records
// of the version that it becomes part of.
const MaxParts = 1000

// CreateMultipartUpload starts an upload. Nothing of it is visible to readers.
func (s *Store) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (res s3response.InitiateMultipartUploadResult, err error) {
	bucket, key, id := str(in.Bucket), str(in.Key), uuid.New().String()
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

// AbortMultipartUpload ends an upload and gives its parts to the collector.
func (s *Store) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	dl, k := deadline(ctx), uploadKey(str(in.Bucket), str(in.Key), str(in.UploadId))
	up, rev, err := s.upload(dl, str(in.Bucket), str(in.Key), str(in.UploadId))
	if err != nil {
		return err
	}
	ops := append(s.drop(slices.Collect(maps.Values(up.Parts))), clientv3.OpDelete(k))
	done, err := s.writeOnce(dl, []clientv3.Cmp{modIs(k, rev)}, ops)
	if err == nil && !done {
		err = errBusy // a part came meanwhile
	}
	return err
}

// ListMultipartUploads lists the uploads in progress, in one page only.
func (s *Store) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (res s3response.ListMultipartUploadsResult, err error) {
	if str(in.KeyMarker)+str(in.UploadIdMarker)+str(in.Delimiter) != "" {
		return res, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	dl, base := deadline(ctx), uploadRange(str(in.Bucket))
	if _, _, err := s.bucket(dl, str(in.Bucket)); err != nil {
		return res, err
	}
	from := base + str(in.Prefix)
	err = s.walk(dl, 0, from, prefixEnd(from), pageSize, func(kv *mvccpb.KeyValue) (string, bool, error) {
		key, id, _ := strings.Cut(string(kv.Key)[len(base):], "\x00")
		if res.IsTruncated = len(res.Uploads) == int(*in.MaxUploads); res.IsTruncated {
			return "", true, nil
		}
		up, err := decode[Upload](kv.Value)
		if err == nil {
			res.Uploads = append(res.Uploads, s3response.Upload{Key: key, UploadID: id, Initiated: up.Started, StorageClass: types.StorageClassStandard})
		}
		return "", false, err
	})
	res.Bucket, res.Prefix, res.MaxUploads = str(in.Bucket), str(in.Prefix), int(*in.MaxUploads)
	return res, err
}
