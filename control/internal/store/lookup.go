package store

import (
	"context"
	"time"

	"github.com/versity/versitygw/s3err"
)

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

// object finds a version that has a body: the latest if id is empty. It
// returns a delete marker with the error that it leads to.
func (s *Store) object(ctx context.Context, bucket, key, id string) (ver *Version, err error) {
	if err := validKey(key); err != nil {
		return nil, err
	}
	dl := deadline(ctx)
	v, err := s.view(dl, bucket, key)
	if err != nil {
		return nil, err
	}
	if id != "" {
		ver, err = s.versionOf(dl, bucket, key, id, v)
	} else if v.head != nil {
		ver = &v.head.Version
	}
	switch {
	case err != nil:
		return nil, err
	case ver == nil && id != "":
		return nil, s3err.GetNoSuchVersionErr(key, id)
	case ver == nil || ver.Marker && id == "":
		return ver, s3err.GetAPIError(s3err.ErrNoSuchKey)
	case ver.Marker:
		return ver, s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	}
	return ver, nil
}
