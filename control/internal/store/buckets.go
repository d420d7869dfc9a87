package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// bucket reads a bucket's record and its revision.
func (s *Store) bucket(dl time.Time, name string) (*Bucket, int64, error) {
	kvs, err := s.get(dl, bucketKey(name))
	if err != nil {
		return nil, 0, err
	}
	v, err := viewOf(name, kvs[0], nil)
	return v.bucket, v.bucketRev, err
}

// ListBuckets lists the buckets by name, all in one page.
func (s *Store) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (res s3response.ListAllMyBucketsResult, err error) {
	res.Owner, res.Prefix = s3response.CanonicalUser{ID: in.Owner}, in.Prefix
	err = records(s, deadline(ctx), span{base: bucketPrefix, prefix: in.Prefix}, func(name string, b *Bucket) (string, error) {
		res.Buckets.Bucket = append(res.Buckets.Bucket, s3response.ListAllMyBucketsEntry{Name: name, CreationDate: b.Created})
		return "", nil
	})
	return res, err
}

// HeadBucket tells whether a bucket exists.
func (s *Store) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	if _, _, err := s.bucket(deadline(ctx), str(in.Bucket)); err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{}, nil
}

// GetBucketAcl answers that the root account owns every bucket. It reads
// nothing: the operation it is asked for looks the bucket up itself.
func (s *Store) GetBucketAcl(context.Context, *s3.GetBucketAclInput) ([]byte, error) {
	return json.Marshal(auth.ACL{})
}

// CreateBucket creates a bucket, unless there is one of that name.
func (s *Store) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, _ []byte) error {
	k := bucketKey(str(in.Bucket))
	ops := []clientv3.Op{put(k, Bucket{Created: time.Now().UTC()})}
	return s.writeOnce(deadline(ctx), []clientv3.Cmp{modIs(k, 0)}, ops, s3err.GetBucketErr(s3err.ErrBucketAlreadyOwnedByYou, str(in.Bucket)))
}

// DeleteBucket deletes a bucket in which there is nothing: no version, no
// delete marker, no upload in progress.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	dl := deadline(ctx)
	if _, _, err := s.bucket(dl, name); err != nil {
		return err
	}
	empty := []clientv3.Cmp{noneWith(headRange(name)), noneWith(uploadRange(name))}
	return s.writeOnce(dl, empty, []clientv3.Op{clientv3.OpDelete(bucketKey(name))}, s3err.GetBucketErr(s3err.ErrBucketNotEmpty, name))
}

// PutBucketVersioning turns the keeping of versions on or off.
func (s *Store) PutBucketVersioning(ctx context.Context, name string, status types.BucketVersioningStatus) error {
	dl := deadline(ctx)
	b, rev, err := s.bucket(dl, name)
	if err != nil {
		return err
	}
	b.Versioning = string(status)
	return s.writeOnce(dl, []clientv3.Cmp{modIs(bucketKey(name), rev)}, []clientv3.Op{put(bucketKey(name), b)}, errBusy)
}

// GetBucketVersioning tells whether versions are kept.
func (s *Store) GetBucketVersioning(ctx context.Context, name string) (out s3response.GetBucketVersioningOutput, err error) {
	b, _, err := s.bucket(deadline(ctx), name)
	if err != nil {
		return out, err
	}
	if b.Versioning != "" {
		out.Status = new(types.BucketVersioningStatus(b.Versioning))
	}
	return out, nil
}

// GetBucketPolicy is the same for every bucket: the reader may read. The
// gateway asks for it to authorize whoever is not an administrator.
func (s *Store) GetBucketPolicy(context.Context, string) ([]byte, error) {
	if s.Reader == "" {
		return nil, s3err.GetAPIError(s3err.ErrNoSuchBucketPolicy)
	}
	return json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []map[string]any{{
		"Effect": "Allow", "Principal": map[string]string{"AWS": s.Reader},
		"Action": []string{"s3:Get*", "s3:List*"}, "Resource": []string{"arn:aws:s3:::*"},
	}}})
}

// The following are features the control does not have; it says so in the
// way a client expects of a bucket where they were never configured.

func (s *Store) GetObjectLockConfiguration(context.Context, string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrObjectLockConfigurationNotFound)
}

func (s *Store) GetBucketCors(context.Context, string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrNoSuchCORSConfiguration)
}
