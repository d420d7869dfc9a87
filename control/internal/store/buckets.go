package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// bucket reads a bucket's record and its revision.
func (s *Store) bucket(dl time.Time, name string) (*Bucket, int64, error) {
	resp, err := s.read(dl, clientv3.OpGet(bucketKey(name)))
	if err != nil {
		return nil, 0, err
	}
	kvs := resp.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, 0, s3err.GetBucketErr(s3err.ErrNoSuchBucket, name)
	}
	b, err := decode[Bucket](kvs[0].Value)
	return b, kvs[0].ModRevision, err
}

// updateBucket changes a bucket's record, if nobody else changed it since it
// was read; else it reads again.
func (s *Store) updateBucket(dl time.Time, name string, change func(*Bucket)) error {
	for {
		b, rev, err := s.bucket(dl, name)
		if err != nil {
			return err
		}
		change(b)
		resp, done := s.write(dl, []clientv3.Cmp{modIs(bucketKey(name), rev)}, []clientv3.Op{put(bucketKey(name), b)}, nil)
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

// ListBuckets lists the buckets by name.
func (s *Store) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (res s3response.ListAllMyBucketsResult, err error) {
	p := bucketKey(in.Prefix)
	from := p
	if in.ContinuationToken != "" && bucketKey(in.ContinuationToken) >= from {
		from = bucketKey(in.ContinuationToken) + "\x00"
	}
	limit := int64(in.MaxBuckets)
	if limit <= 0 {
		limit = 10000
	}
	resp, err := s.read(deadline(ctx), clientv3.OpGet(from, clientv3.WithRange(prefixEnd(p)), clientv3.WithLimit(limit+1)))
	if err != nil {
		return res, err
	}
	res.Owner = s3response.CanonicalUser{ID: in.Owner}
	res.Prefix = in.Prefix
	for i, kv := range resp.Responses[0].GetResponseRange().Kvs {
		if int64(i) == limit {
			res.ContinuationToken = res.Buckets.Bucket[i-1].Name
			break
		}
		b, err := decode[Bucket](kv.Value)
		if err != nil {
			return res, err
		}
		res.Buckets.Bucket = append(res.Buckets.Bucket, s3response.ListAllMyBucketsEntry{
			Name: strings.TrimPrefix(string(kv.Key), bucketPrefix), CreationDate: b.Created,
		})
	}
	return res, nil
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
	if err := writable(ctx); err != nil {
		return err
	}
	name := str(in.Bucket)
	b := Bucket{Created: time.Now().UTC(), ID: newID()}
	if a, ok := ctx.Value("account").(auth.Account); ok {
		b.Owner = a.Access
	}
	if in.CreateBucketConfiguration != nil {
		tags, err := backend.ParseCreateBucketTags(in.CreateBucketConfiguration.Tags)
		if err != nil {
			return err
		}
		b.Tags = tags
	}
	if in.ObjectLockEnabledForBucket != nil && *in.ObjectLockEnabledForBucket {
		return s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	k := bucketKey(name)
	resp, done := s.write(deadline(ctx), []clientv3.Cmp{modIs(k, 0)}, []clientv3.Op{put(k, b)}, nil)
	if !done {
		return ErrUnavailable
	}
	if !resp.Succeeded {
		return s3err.GetBucketErr(s3err.ErrBucketAlreadyOwnedByYou, name)
	}
	return nil
}

// DeleteBucket deletes a bucket in which there is nothing: no version, no
// delete marker. Multipart uploads in progress are aborted first.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	if err := writable(ctx); err != nil {
		return err
	}
	dl := deadline(ctx)
	for {
		_, rev, err := s.bucket(dl, name)
		if err != nil {
			return err
		}
		resp, err := s.read(dl, clientv3.OpGet(headRange(name), clientv3.WithPrefix(), clientv3.WithLimit(1), clientv3.WithKeysOnly()))
		if err != nil {
			return err
		}
		if len(resp.Responses[0].GetResponseRange().Kvs) > 0 {
			return s3err.GetBucketErr(s3err.ErrBucketNotEmpty, name)
		}
		if err := s.abortAll(dl, name); err != nil {
			return err
		}
		w, done := s.write(dl, []clientv3.Cmp{
			modIs(bucketKey(name), rev),
			clientv3.Compare(clientv3.CreateRevision(headRange(name)), "=", 0).WithPrefix(),
			clientv3.Compare(clientv3.CreateRevision(uploadRange(name)), "=", 0).WithPrefix(),
		}, []clientv3.Op{clientv3.OpDelete(bucketKey(name))}, nil)
		if !done {
			return ErrUnavailable
		}
		if w.Succeeded {
			return nil
		}
		if !pause(dl) {
			return errBusy
		}
	}
}

// PutBucketVersioning turns the keeping of versions on or off.
func (s *Store) PutBucketVersioning(ctx context.Context, name string, status types.BucketVersioningStatus) error {
	if err := writable(ctx); err != nil {
		return err
	}
	return s.updateBucket(deadline(ctx), name, func(b *Bucket) { b.Versioning = string(status) })
}

// GetBucketVersioning tells whether versions are kept.
func (s *Store) GetBucketVersioning(ctx context.Context, name string) (out s3response.GetBucketVersioningOutput, err error) {
	b, _, err := s.bucket(deadline(ctx), name)
	if err != nil {
		return out, err
	}
	if b.Versioning != "" {
		out.Status = ptr(types.BucketVersioningStatus(b.Versioning))
	}
	return out, nil
}

// The following are features the control does not have; it says so in the
// way a client expects of a bucket where they were never configured.

func (s *Store) GetObjectLockConfiguration(context.Context, string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrObjectLockConfigurationNotFound)
}

func (s *Store) GetBucketPolicy(_ context.Context, bucket string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrNoSuchBucketPolicy)
}

func (s *Store) GetBucketCors(context.Context, string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrNoSuchCORSConfiguration)
}

func (s *Store) GetBucketWebsite(context.Context, string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrNoSuchWebsiteConfiguration)
}

func (s *Store) GetBucketOwnershipControls(context.Context, string) (types.ObjectOwnership, error) {
	return types.ObjectOwnershipBucketOwnerEnforced, nil
}
