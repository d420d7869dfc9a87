package store

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// CreateMultipartUpload starts an upload. Nothing of it is visible to readers.
func (s *Store) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (res s3response.InitiateMultipartUploadResult, err error) {
	if err := writable(ctx); err != nil {
		return res, err
	}
	bucket, key := str(in.Bucket), str(in.Key)
	if err := validKey(key); err != nil {
		return res, err
	}
	tags, err := backend.ParseObjectTags(str(in.Tagging))
	if err != nil {
		return res, err
	}
	dl := deadline(ctx)
	b, _, err := s.bucket(dl, bucket)
	if err != nil {
		return res, err
	}
	up := Upload{
		ID: uuid.New().String(), Started: time.Now().UTC(), Tags: tags, BucketID: b.ID,
		Headers: Headers{
			ContentType: str(in.ContentType), ContentEncoding: str(in.ContentEncoding),
			ContentDisposition: str(in.ContentDisposition), ContentLanguage: str(in.ContentLanguage),
			CacheControl: str(in.CacheControl), Expires: str(in.Expires), Redirect: str(in.WebsiteRedirectLocation), Meta: in.Metadata,
		},
		Sum: Checksum{Algorithm: string(in.ChecksumAlgorithm), Type: string(in.ChecksumType)},
	}
	ok, err := s.writeRepeatable(dl, []clientv3.Cmp{exists(bucketKey(bucket))}, []clientv3.Op{put(uploadKey(bucket, key, up.ID), up)})
	if err == nil && !ok {
		err = s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	return s3response.InitiateMultipartUploadResult{Bucket: bucket, Key: key, UploadId: up.ID}, err
}

// upload reads an upload's record and its revision.
func (s *Store) upload(dl time.Time, bucket, key, id string) (*Upload, int64, error) {
	resp, err := s.read(dl, clientv3.OpGet(bucketKey(bucket)), clientv3.OpGet(uploadKey(bucket, key, id)))
	if err != nil {
		return nil, 0, err
	}
	if len(resp.Responses[0].GetResponseRange().Kvs) == 0 {
		return nil, 0, s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	kvs := resp.Responses[1].GetResponseRange().Kvs
	if len(kvs) == 0 || id == "" {
		return nil, 0, s3err.GetNoSuchUploadErr(id)
	}
	up, err := decode[Upload](kvs[0].Value)
	return up, kvs[0].ModRevision, err
}

// parts reads the parts of an upload by number, with the upload's revision,
// at one revision.
func (s *Store) parts(dl time.Time, bucket, key, id string) (up *Upload, rev int64, parts []*Part, err error) {
	resp, err := s.read(dl, clientv3.OpGet(uploadKey(bucket, key, id)), clientv3.OpGet(partRange(id), clientv3.WithPrefix()))
	if err != nil {
		return nil, 0, nil, err
	}
	kvs := resp.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 || id == "" {
		return nil, 0, nil, s3err.GetNoSuchUploadErr(id)
	}
	if up, err = decode[Upload](kvs[0].Value); err != nil {
		return nil, 0, nil, err
	}
	for _, kv := range resp.Responses[1].GetResponseRange().Kvs {
		p, err := decode[Part](kv.Value)
		if err != nil {
			return nil, 0, nil, err
		}
		parts = append(parts, p)
	}
	return up, kvs[0].ModRevision, parts, nil
}

// AbortMultipartUpload ends an upload and gives its parts to the collector.
func (s *Store) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	if err := writable(ctx); err != nil {
		return err
	}
	dl := deadline(ctx)
	if _, _, err := s.upload(dl, str(in.Bucket), str(in.Key), str(in.UploadId)); err != nil {
		return err
	}
	return s.abort(dl, str(in.Bucket), str(in.Key), str(in.UploadId))
}

func (s *Store) abort(dl time.Time, bucket, key, id string) error {
	for {
		_, rev, parts, err := s.parts(dl, bucket, key, id)
		if err != nil {
			return err
		}
		k := uploadKey(bucket, key, id)
		var g Garbage
		for _, p := range parts {
			g.Data = append(g.Data, p.Segment.Data)
		}
		ops := append(garbageOps(g), clientv3.OpDelete(k), clientv3.OpDelete(partRange(id), clientv3.WithPrefix()))
		resp, done := s.write(dl, []clientv3.Cmp{modIs(k, rev)}, ops, nil)
		if !done {
			return ErrUnavailable
		}
		if resp.Succeeded {
			return nil
		}
		if !pause(dl) {
			return errBusy
		}
	}
}

// abortAll aborts every upload of a bucket.
func (s *Store) abortAll(dl time.Time, bucket string) error {
	resp, err := s.read(dl, clientv3.OpGet(uploadRange(bucket), clientv3.WithPrefix(), clientv3.WithKeysOnly()))
	if err != nil {
		return err
	}
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		key, id, _ := strings.Cut(string(kv.Key)[len(uploadRange(bucket)):], "\x00")
		if err := s.abort(dl, bucket, key, id); err != nil {
			return err
		}
	}
	return nil
}

// ListMultipartUploads lists the uploads in progress.
func (s *Store) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (res s3response.ListMultipartUploadsResult, err error) {
	bucket, prefix, delimiter := str(in.Bucket), str(in.Prefix), str(in.Delimiter)
	dl := deadline(ctx)
	if _, _, err := s.bucket(dl, bucket); err != nil {
		return res, err
	}
	resp, err := s.read(dl, clientv3.OpGet(uploadRange(bucket)+prefix, clientv3.WithPrefix()))
	if err != nil {
		return res, err
	}
	var ups []s3response.Upload
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		key, id, _ := strings.Cut(string(kv.Key)[len(uploadRange(bucket)):], "\x00")
		up, err := decode[Upload](kv.Value)
		if err != nil {
			return res, err
		}
		marker := str(in.KeyMarker)
		if marker != "" && (key < marker || key == marker && str(in.UploadIdMarker) == "") {
			continue
		}
		ups = append(ups, s3response.Upload{
			Key: key, UploadID: id, Initiated: up.Started, StorageClass: types.StorageClassStandard,
			ChecksumAlgorithm: types.ChecksumAlgorithm(up.Sum.Algorithm), ChecksumType: types.ChecksumType(up.Sum.Type),
		})
	}
	sort.SliceStable(ups, func(i, j int) bool {
		if ups[i].Key != ups[j].Key {
			return ups[i].Key < ups[j].Key
		}
		return ups[i].Initiated.Before(ups[j].Initiated)
	})
	page, err := backend.ListMultipartUploads(ups, prefix, delimiter, str(in.KeyMarker), str(in.UploadIdMarker), int(*in.MaxUploads))
	if err != nil {
		return res, err
	}
	return s3response.ListMultipartUploadsResult{
		Bucket: bucket, Prefix: prefix, Delimiter: delimiter, KeyMarker: str(in.KeyMarker), UploadIDMarker: str(in.UploadIdMarker),
		MaxUploads: int(*in.MaxUploads), IsTruncated: page.IsTruncated, NextKeyMarker: page.NextKeyMarker,
		NextUploadIDMarker: page.NextUploadIDMarker, Uploads: page.Uploads, CommonPrefixes: page.CommonPrefixes,
	}, nil
}

// ListParts lists the parts of an upload.
func (s *Store) ListParts(ctx context.Context, in *s3.ListPartsInput) (res s3response.ListPartsResult, err error) {
	dl := deadline(ctx)
	if _, _, err := s.upload(dl, str(in.Bucket), str(in.Key), str(in.UploadId)); err != nil {
		return res, err
	}
	up, _, parts, err := s.parts(dl, str(in.Bucket), str(in.Key), str(in.UploadId))
	if err != nil {
		return res, err
	}
	after, _ := strconv.Atoi(str(in.PartNumberMarker))
	res = s3response.ListPartsResult{
		Bucket: str(in.Bucket), Key: str(in.Key), UploadID: up.ID, PartNumberMarker: after, MaxParts: int(*in.MaxParts),
		StorageClass: types.StorageClassStandard, ChecksumAlgorithm: types.ChecksumAlgorithm(up.Sum.Algorithm), ChecksumType: types.ChecksumType(up.Sum.Type),
	}
	for _, p := range parts {
		if int(p.Number) <= after {
			continue
		}
		if len(res.Parts) == res.MaxParts {
			res.IsTruncated = true
			break
		}
		w := p.Sum.whole()
		res.Parts = append(res.Parts, s3response.Part{
			PartNumber: int(p.Number), LastModified: p.Time, ETag: quote(p.Segment.MD5), Size: p.Segment.Size,
			ChecksumCRC32: w.ChecksumCRC32, ChecksumCRC32C: w.ChecksumCRC32C, ChecksumSHA1: w.ChecksumSHA1,
			ChecksumSHA256: w.ChecksumSHA256, ChecksumCRC64NVME: w.ChecksumCRC64NVME, ChecksumSHA512: w.ChecksumSHA512,
			ChecksumMD5: w.ChecksumMD5, ChecksumXXHASH64: w.ChecksumXXHASH64, ChecksumXXHASH3: w.ChecksumXXHASH3,
			ChecksumXXHASH128: w.ChecksumXXHASH128,
		})
		res.NextPartNumberMarker = int(p.Number)
	}
	return res, nil
}
