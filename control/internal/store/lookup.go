package store

import (
	"context"
	"time"

	"github.com/versity/versitygw/s3err"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// lookup finds a version of a key: the latest if id is empty. A delete marker
// is returned as it is. A key or version that is not there is an S3 error.
func (s *Store) lookup(dl time.Time, bucket, key, id string) (*Version, error) {
	if err := validKey(key); err != nil {
		return nil, err
	}
	if id == "" || id == nullVersion {
		v, err := s.view(dl, bucket, key)
		if err != nil {
			return nil, err
		}
		if id == "" {
			if v.head == nil {
				return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
			}
			return &v.head.Version, nil
		}
		return s.nullIn(dl, bucket, key, v)
	}
	seq, ok := versionSeq(id)
	if !ok {
		return nil, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	resp, err := s.read(dl, clientv3.OpGet(bucketKey(bucket)), clientv3.OpGet(versionKey(bucket, key, seq)))
	if err != nil {
		return nil, err
	}
	if len(resp.Responses[0].GetResponseRange().Kvs) == 0 {
		return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	}
	kvs := resp.Responses[1].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, s3err.GetNoSuchVersionErr(key, id)
	}
	ver, err := decode[Version](kvs[0].Value)
	if err != nil {
		return nil, err
	}
	if ver.ID != id {
		return nil, s3err.GetNoSuchVersionErr(key, id)
	}
	return ver, nil
}

// nullIn finds the null version of the key that v shows.
func (s *Store) nullIn(dl time.Time, bucket, key string, v view) (*Version, error) {
	if v.head == nil || v.head.Null == 0 {
		return nil, s3err.GetNoSuchVersionErr(key, nullVersion)
	}
	if v.head.Seq == v.head.Null {
		return &v.head.Version, nil
	}
	ver, err := s.versionAt(dl, bucket, key, v.head.Null)
	if err == nil && ver == nil {
		err = s3err.GetNoSuchVersionErr(key, nullVersion)
	}
	return ver, err
}

// object finds a version that has a body.
func (s *Store) object(ctx context.Context, bucket, key, id string) (*Version, error) {
	ver, err := s.lookup(deadline(ctx), bucket, key, id)
	if err != nil {
		return nil, err
	}
	if !ver.Marker {
		return ver, nil
	}
	if id != "" {
		return ver, s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	}
	return ver, s3err.GetAPIError(s3err.ErrNoSuchKey)
}

// segments are the runs of chunks of a version's body.
func (s *Store) segments(dl time.Time, ver *Version) ([]Segment, error) {
	if !ver.Spilled {
		return ver.Segments, nil
	}
	resp, err := s.read(dl, clientv3.OpGet(manifestKey(ver.Data)))
	if err != nil {
		return nil, err
	}
	kvs := resp.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, ErrUnavailable
	}
	segs, err := decode[[]Segment](kvs[0].Value)
	if err != nil {
		return nil, err
	}
	return *segs, nil
}
