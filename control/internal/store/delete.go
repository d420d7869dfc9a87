package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

// DeleteObject removes a key, puts a delete marker on it, or removes one
// version of it, as the bucket's versioning state and the request say.
func (s *Store) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	if err := writable(ctx); err != nil {
		return nil, err
	}
	if in.IfMatch != nil || in.IfMatchLastModifiedTime != nil || in.IfMatchSize != nil {
		return nil, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	return s.remove(deadline(ctx), str(in.Bucket), str(in.Key), str(in.VersionId))
}

func (s *Store) remove(dl time.Time, bucket, key, id string) (*s3.DeleteObjectOutput, error) {
	if err := validKey(key); err != nil {
		return nil, err
	}
	out := &s3.DeleteObjectOutput{}
	err := s.mutate(dl, bucket, key, func(v view) (*change, error) {
		*out = s3.DeleteObjectOutput{}
		if id != "" {
			return s.planRemoveVersion(dl, bucket, key, id, v, out)
		}
		if v.bucket.Versioning == "" {
			return s.planRemove(bucket, key, v), nil
		}
		c, err := s.push(dl, bucket, key, v, Version{Marker: true, Time: time.Now().UTC()})
		if err != nil {
			return nil, err
		}
		out.DeleteMarker, out.VersionId = ptr(true), &c.head.ID
		return c, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// planRemove removes a key of a bucket that has never kept versions.
func (s *Store) planRemove(bucket, key string, v view) *change {
	if v.head == nil {
		return &change{none: true}
	}
	return &change{ops: append(s.drop(v.head.Segments), clientv3.OpDelete(versionKey(bucket, key, v.head.Seq)))}
}

// planRemoveVersion removes one version. If it is the latest, the next newest
// becomes the head in the same transaction.
func (s *Store) planRemoveVersion(dl time.Time, bucket, key, id string, v view, out *s3.DeleteObjectOutput) (*change, error) {
	out.VersionId = &id
	ver, err := s.versionOf(dl, bucket, key, id, v)
	if err != nil {
		return nil, err
	}
	if ver == nil || v.head == nil {
		return &change{none: true}, nil
	}
	if ver.Marker {
		out.DeleteMarker = ptr(true)
	}
	c := &change{ops: append(s.drop(ver.Segments), clientv3.OpDelete(versionKey(bucket, key, ver.Seq)))}
	head := *v.head
	if head.Null == ver.Seq {
		head.Null = 0
	}
	if head.Seq == ver.Seq {
		next, err := s.newestBelow(dl, bucket, key, ver.Seq)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return c, nil // the last version: the key is gone
		}
		head.Version = *next
	}
	c.head = &head
	return c, nil
}

// newestBelow is the newest version older than seq. Every change of a version
// also changes the head, so what it reads is current if the head still is.
func (s *Store) newestBelow(dl time.Time, bucket, key string, seq uint64) (*Version, error) {
	from := versionKey(bucket, key, seq) + "\x00"
	resp, err := s.read(dl, clientv3.OpGet(from, clientv3.WithRange(prefixEnd(versionsOf(bucket, key))), clientv3.WithLimit(1)))
	if err != nil {
		return nil, err
	}
	kvs := resp.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, nil
	}
	return decode[Version](kvs[0].Value)
}

// DeleteObjects deletes each object in a transaction of its own; what failed
// is reported for each.
func (s *Store) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	if err := writable(ctx); err != nil {
		return s3response.DeleteResult{}, err
	}
	if _, _, err := s.bucket(deadline(ctx), str(in.Bucket)); err != nil {
		return s3response.DeleteResult{}, err
	}
	objs := in.Delete.Objects
	outs, errs := make([]*s3.DeleteObjectOutput, len(objs)), make([]error, len(objs))
	end := time.Now().Add(Budget + time.Duration(len(objs))*10*time.Millisecond)
	var work errgroup.Group
	work.SetLimit(8)
	for i, o := range objs {
		work.Go(func() error {
			if o.ETag != nil || o.LastModifiedTime != nil || o.Size != nil {
				errs[i] = s3err.GetAPIError(s3err.ErrNotImplemented)
				return nil
			}
			dl := time.Now().Add(min(Budget, time.Until(end)))
			outs[i], errs[i] = s.remove(dl, str(in.Bucket), str(o.Key), str(o.VersionId))
			return nil
		})
	}
	_ = work.Wait()
	var res s3response.DeleteResult
	for i, o := range objs {
		if errs[i] != nil {
			res.Error = append(res.Error, deleteError(o, errs[i]))
			continue
		}
		d := types.DeletedObject{Key: o.Key, VersionId: o.VersionId, DeleteMarker: outs[i].DeleteMarker}
		if d.DeleteMarker != nil {
			d.DeleteMarkerVersionId = outs[i].VersionId
		}
		res.Deleted = append(res.Deleted, d)
	}
	return res, nil
}

func deleteError(o types.ObjectIdentifier, err error) types.Error {
	api := s3err.GetAPIError(s3err.ErrInternalError)
	if e, ok := err.(s3err.S3Error); ok {
		api = e.BaseError()
	}
	return types.Error{Key: o.Key, VersionId: o.VersionId, Code: &api.Code, Message: &api.Description}
}
