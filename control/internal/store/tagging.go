package store

import (
	"context"
	"errors"

	"github.com/versity/versitygw/s3err"
)

// GetBucketTagging returns a bucket's tags.
func (s *Store) GetBucketTagging(ctx context.Context, bucket string) (map[string]string, error) {
	b, _, err := s.bucket(deadline(ctx), bucket)
	if err != nil {
		return nil, err
	}
	if len(b.Tags) == 0 {
		return nil, s3err.GetAPIError(s3err.ErrBucketTaggingNotFound)
	}
	return b.Tags, nil
}

// PutBucketTagging replaces a bucket's tags.
func (s *Store) PutBucketTagging(ctx context.Context, bucket string, tags map[string]string) error {
	if err := writable(ctx); err != nil {
		return err
	}
	return s.updateBucket(deadline(ctx), bucket, func(b *Bucket) { b.Tags = tags })
}

// DeleteBucketTagging removes a bucket's tags.
func (s *Store) DeleteBucketTagging(ctx context.Context, bucket string) error {
	return s.PutBucketTagging(ctx, bucket, nil)
}

// GetObjectTagging returns the tags of a version.
func (s *Store) GetObjectTagging(ctx context.Context, bucket, key, id string) (map[string]string, error) {
	ver, err := s.object(ctx, bucket, key, id)
	if err != nil {
		return nil, err
	}
	if ver.Tags == nil {
		return map[string]string{}, nil
	}
	return ver.Tags, nil
}

// PutObjectTagging replaces the tags of a version, in its own record and, if
// it is the latest, in the head.
func (s *Store) PutObjectTagging(ctx context.Context, bucket, key, id string, tags map[string]string) error {
	if err := writable(ctx); err != nil {
		return err
	}
	dl := deadline(ctx)
	err := s.mutate(dl, bucket, key, func(v view) (*change, error) {
		ver, err := s.object(ctx, bucket, key, id)
		if err != nil {
			return nil, err
		}
		if v.head == nil {
			return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		fresh := *ver
		fresh.Tags = tags
		head := *v.head
		if head.Seq == fresh.Seq {
			head.Version = fresh
		}
		c := &change{head: &head}
		c.ops = append(c.ops, put(versionKey(bucket, key, fresh.Seq), fresh))
		return c, nil
	})
	if errors.Is(err, errExtra) {
		err = ErrUnavailable
	}
	return err
}

// DeleteObjectTagging removes the tags of a version.
func (s *Store) DeleteObjectTagging(ctx context.Context, bucket, key, id string) error {
	return s.PutObjectTagging(ctx, bucket, key, id, nil)
}
