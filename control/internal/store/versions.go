package store

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// versionTail is the length of what follows the key in a version's record key.
const versionTail = 1 + 16

// ListObjectVersions lists versions and delete markers, newest first within a
// key, all read at one revision.
func (s *Store) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	dl := deadline(ctx)
	for {
		res, err := s.listVersions(dl, in)
		if errors.Is(err, rpctypes.ErrCompacted) && pause(dl) {
			continue
		}
		return res, err
	}
}

func (s *Store) listVersions(dl time.Time, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	bucket, prefix, delimiter, maxKeys := str(in.Bucket), str(in.Prefix), str(in.Delimiter), int(*in.MaxKeys)
	truncated := false
	res := s3response.ListVersionsResult{
		Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, MaxKeys: in.MaxKeys,
		KeyMarker: in.KeyMarker, VersionIdMarker: in.VersionIdMarker, IsTruncated: &truncated,
	}
	base := versionRange(bucket)
	marker := str(in.KeyMarker)
	from := startOf(base, prefix, delimiter, marker, "\x01")
	seen := "" // the key whose latest version has been passed
	if id := str(in.VersionIdMarker); id != "" && marker >= prefix && marker != "" {
		seq, err := s.markerSeq(dl, bucket, marker, id)
		if err != nil {
			return res, err
		}
		if seq > 0 {
			from, seen = versionKey(bucket, marker, seq)+"\x00", marker
		}
	}
	count, nextKey, nextID := 0, "", ""
	err := s.walk(dl, bucket, from, prefixEnd(base+prefix), maxKeys+1, func(kv *mvccpb.KeyValue) (string, bool, error) {
		k := string(kv.Key)[len(base):]
		key := k[:len(k)-versionTail]
		ver, err := decode[Version](kv.Value)
		if err != nil {
			return "", true, err
		}
		if count == maxKeys {
			truncated = maxKeys > 0
			return "", true, nil
		}
		count++
		if cp, ok := commonPrefix(key, prefix, delimiter); ok {
			res.CommonPrefixes = append(res.CommonPrefixes, types.CommonPrefix{Prefix: &cp})
			nextKey, nextID = cp, ""
			return prefixEnd(base + cp), false, nil
		}
		latest := key != seen
		seen, nextKey, nextID = key, key, ver.ID
		if ver.Marker {
			res.DeleteMarkers = append(res.DeleteMarkers, types.DeleteMarkerEntry{
				Key: &key, VersionId: &ver.ID, IsLatest: &latest, LastModified: ptr(ver.Time.Truncate(time.Millisecond)),
			})
			return "", false, nil
		}
		res.Versions = append(res.Versions, s3response.ObjectVersion{
			Key: &key, VersionId: &ver.ID, IsLatest: &latest, LastModified: &ver.Time,
			ETag: ptr(quote(ver.ETag)), Size: &ver.Size, StorageClass: types.ObjectVersionStorageClassStandard,
			ChecksumType: types.ChecksumType(ver.Sum.Type), ChecksumAlgorithm: []types.ChecksumAlgorithm{types.ChecksumAlgorithm(ver.Sum.Algorithm)},
		})
		return "", false, nil
	})
	if truncated {
		res.NextKeyMarker, res.NextVersionIdMarker = &nextKey, strPtr(nextID)
	}
	return res, err
}

// markerSeq is the sequence number of the version that a marker names.
func (s *Store) markerSeq(dl time.Time, bucket, key, id string) (uint64, error) {
	if id != nullVersion {
		seq, ok := versionSeq(id)
		if !ok {
			return 0, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
		}
		return seq, nil
	}
	v, err := s.view(dl, bucket, key)
	if err != nil || v.head == nil {
		return 0, err
	}
	return v.head.Null, nil
}
