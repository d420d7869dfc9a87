package store

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
	"github.com/versity/versitygw/backend"
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
	if err := writable(ctx); err != nil {
		return res, err
	}
	bucket, key, id := str(in.Bucket), str(in.Key), uuid.New().String()
	if err := validKey(key); err != nil {
		return res, err
	}
	up := Upload{Started: time.Now().UTC(), Algorithm: string(in.ChecksumAlgorithm), Headers: Headers{
		ContentType: str(in.ContentType), ContentEncoding: str(in.ContentEncoding), ContentDisposition: str(in.ContentDisposition),
		ContentLanguage: str(in.ContentLanguage), CacheControl: str(in.CacheControl), Meta: in.Metadata,
	}}
	if up.Tags, err = backend.ParseObjectTags(str(in.Tagging)); err != nil {
		return res, err
	}
	ok, err := s.writeRepeatable(deadline(ctx), []clientv3.Cmp{exists(bucketKey(bucket))}, []clientv3.Op{put(uploadKey(bucket, key, id), up)})
	if err == nil && !ok {
		err = s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	return s3response.InitiateMultipartUploadResult{Bucket: bucket, Key: key, UploadId: id}, err
}

// upload reads an upload's record and its revision.
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

// parts reads the parts of an upload by number. They are current as long as
// the upload's record is the one that was read before.
func (s *Store) parts(dl time.Time, id string) (map[int32]*Part, error) {
	parts := map[int32]*Part{}
	err := s.walk(dl, partRange(id), prefixEnd(partRange(id)), pageSize, func(kv *mvccpb.KeyValue) (string, bool, error) {
		p, err := decode[Part](kv.Value)
		if err == nil {
			parts[p.Number] = p
		}
		return "", false, err
	})
	return parts, err
}

// AbortMultipartUpload ends an upload and gives its parts to the collector.
func (s *Store) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	if err := writable(ctx); err != nil {
		return err
	}
	dl, id := deadline(ctx), str(in.UploadId)
	for {
		_, rev, err := s.upload(dl, str(in.Bucket), str(in.Key), id)
		if err != nil {
			return err
		}
		parts, err := s.parts(dl, id)
		if err != nil {
			return err
		}
		k := uploadKey(str(in.Bucket), str(in.Key), id)
		ops := append(s.dropParts(parts), clientv3.OpDelete(k), deleteAll(partRange(id)))
		done, err := s.writeOnce(dl, []clientv3.Cmp{modIs(k, rev)}, ops)
		if err != nil || done {
			return err
		}
		if !pause(dl) {
			return errBusy
		}
	}
}

// dropParts is the operation that gives parts' data to the collector.
func (s *Store) dropParts(parts map[int32]*Part) []clientv3.Op {
	var segments []Segment
	for _, p := range parts {
		segments = append(segments, p.Segment)
	}
	return s.drop(segments)
}

// ListMultipartUploads lists the uploads in progress.
func (s *Store) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (res s3response.ListMultipartUploadsResult, err error) {
	bucket, prefix, dl := str(in.Bucket), str(in.Prefix), deadline(ctx)
	if _, _, err := s.bucket(dl, bucket); err != nil {
		return res, err
	}
	base := uploadRange(bucket)
	var ups []s3response.Upload
	err = s.walk(dl, base+prefix, prefixEnd(base+prefix), pageSize, func(kv *mvccpb.KeyValue) (string, bool, error) {
		key, id, _ := strings.Cut(string(kv.Key)[len(base):], "\x00")
		up, err := decode[Upload](kv.Value)
		if err == nil && (key > str(in.KeyMarker) || key == str(in.KeyMarker) && str(in.UploadIdMarker) != "") {
			ups = append(ups, s3response.Upload{Key: key, UploadID: id, Initiated: up.Started, StorageClass: types.StorageClassStandard})
		}
		return "", false, err
	})
	if err != nil {
		return res, err
	}
	page, err := backend.ListMultipartUploads(ups, prefix, str(in.Delimiter), str(in.KeyMarker), str(in.UploadIdMarker), int(*in.MaxUploads))
	if err != nil {
		return res, err
	}
	return s3response.ListMultipartUploadsResult{
		Bucket: bucket, Prefix: prefix, Delimiter: str(in.Delimiter), KeyMarker: str(in.KeyMarker), UploadIDMarker: str(in.UploadIdMarker),
		MaxUploads: int(*in.MaxUploads), IsTruncated: page.IsTruncated, NextKeyMarker: page.NextKeyMarker,
		NextUploadIDMarker: page.NextUploadIDMarker, Uploads: page.Uploads, CommonPrefixes: page.CommonPrefixes,
	}, nil
}
