package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// versionTail is the length of what follows the key in a version's record key.
const versionTail = 1 + 16

// ListObjectVersions lists versions and delete markers, newest first within a
// key, all read at one revision.
func (s *Store) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	dl := deadline(ctx)
	bucket, prefix, maxKeys := str(in.Bucket), str(in.Prefix), int(*in.MaxKeys)
	truncated := false
	res := s3response.ListVersionsResult{
		Name: in.Bucket, Prefix: in.Prefix, MaxKeys: in.MaxKeys,
		KeyMarker: in.KeyMarker, VersionIdMarker: in.VersionIdMarker, IsTruncated: &truncated,
	}
	if str(in.Delimiter) != "" {
		return res, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	if _, _, err := s.bucket(dl, bucket); err != nil {
		return res, err
	}
	base := versionRange(bucket)
	marker := str(in.KeyMarker)
	from := startOf(base, prefix, "", marker, "\x01")
	seen := "" // the key whose latest version has been passed
	if id := str(in.VersionIdMarker); id != "" && marker >= prefix && marker != "" {
		seq, ok := versionSeq(id)
		if !ok {
			return res, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
		}
		from, seen = versionKey(bucket, marker, seq)+"\x00", marker
	}
	count, nextKey, nextID := 0, "", ""
	err := records(s, dl, span{base: base, prefix: prefix, from: from, page: maxKeys + 1}, func(name string, ver *Version) (string, error) {
		key := name[:len(name)-versionTail]
		if count == maxKeys {
			truncated = maxKeys > 0
			return "", errStop
		}
		count++
		latest := key != seen
		seen, nextKey, nextID = key, key, newVersionID(ver.Seq)
		if ver.Marker {
			res.DeleteMarkers = append(res.DeleteMarkers, types.DeleteMarkerEntry{
				Key: &key, VersionId: &ver.ID, IsLatest: &latest, LastModified: new(ver.Time.Truncate(time.Millisecond)),
			})
			return "", nil
		}
		res.Versions = append(res.Versions, s3response.ObjectVersion{
			Key: &key, VersionId: &ver.ID, IsLatest: &latest, LastModified: &ver.Time,
			ETag: new(quote(ver.ETag)), Size: &ver.Size, StorageClass: types.ObjectVersionStorageClassStandard,
		})
		return "", nil
	})
	if truncated {
		res.NextKeyMarker, res.NextVersionIdMarker = &nextKey, &nextID
	}
	return res, err
}
