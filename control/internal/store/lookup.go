package store

import (
	"context"
	"time"

	"github.com/versity/versitygw/s3err"
)

// lookup finds a version of a key: the latest if id is empty. A delete marker
// is returned as it is. A key or version that is not there is an S3 error.
func (s *Store) lookup(dl time.Time, bucket, key, id string) (*Version, error) {
	if err := validKey(key); err != nil {
		return nil, err
	}
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
	ver, err := s.versionOf(dl, bucket, key, id, v)
	if err == nil && ver == nil {
		err = s3err.GetNoSuchVersionErr(key, id)
	}
	return ver, err
}

// versionOf finds a version by its id on a view of its key; nil if there is
// none.
func (s *Store) versionOf(dl time.Time, bucket, key, id string, v view) (*Version, error) {
	if id == nullVersion {
		return s.nullOf(dl, bucket, key, v)
	}
	seq, ok := versionSeq(id)
	if !ok {
		return nil, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	ver, err := s.versionAt(dl, bucket, key, seq)
	if ver != nil && ver.ID != id {
		return nil, err
	}
	return ver, err
}

// object finds a version that has a body. It returns a delete marker with the
// error that it leads to.
func (s *Store) object(ctx context.Context, bucket, key, id string) (*Version, error) {
	ver, err := s.lookup(deadline(ctx), bucket, key, id)
	switch {
	case err != nil:
		return nil, err
	case !ver.Marker:
		return ver, nil
	case id != "":
		return ver, s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	}
	return ver, s3err.GetAPIError(s3err.ErrNoSuchKey)
}
