package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// request is what a GET and a HEAD of an object have in common.
type request struct {
	bucket, key, id, rng string
	part                 *int32
	checksums            types.ChecksumMode
	pre                  backend.PreConditions
}

// found is the version that answers a request, and the part of its body.
type found struct {
	*Version
	off, length  int64
	contentRange *string // nil for the whole
	sum          Checksum
}

// find answers from one linearizable read. If the latest version is a delete
// marker, or that is what was asked for, it returns it with the error.
func (s *Store) find(ctx context.Context, r request) (f found, err error) {
	if r.part != nil {
		return f, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	if f.Version, err = s.object(ctx, r.bucket, r.key, r.id); err != nil {
		return f, err
	}
	if err := backend.EvaluatePreconditions(quote(f.ETag), f.Time.Truncate(time.Second), r.pre); err != nil {
		return found{}, err
	}
	partial := false
	if f.off, f.length, partial, err = backend.ParseObjectRange(f.Size, r.rng); err != nil {
		return found{}, err
	}
	if partial {
		f.contentRange = ptr(fmt.Sprintf("bytes %d-%d/%d", f.off, f.off+f.length-1, f.Size))
	} else if r.checksums == types.ChecksumModeEnabled {
		f.sum = f.Sum
	}
	return f, nil
}

// HeadObject describes an object.
func (s *Store) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	f, err := s.find(ctx, request{str(in.Bucket), str(in.Key), str(in.VersionId), str(in.Range), in.PartNumber, in.ChecksumMode, backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	}})
	if err != nil {
		if f.Version != nil {
			return &s3.HeadObjectOutput{DeleteMarker: ptr(true), LastModified: &f.Time}, err
		}
		return nil, err
	}
	h := f.Headers
	return &s3.HeadObjectOutput{
		AcceptRanges: ptr("bytes"), ContentLength: &f.length, ContentRange: f.contentRange,
		ETag: ptr(quote(f.ETag)), LastModified: &f.Time, VersionId: shownID(f.Version), StorageClass: types.StorageClassStandard,
		Metadata: h.Meta, ContentType: strPtr(h.ContentType), ContentEncoding: strPtr(h.ContentEncoding),
		ContentDisposition: strPtr(h.ContentDisposition), ContentLanguage: strPtr(h.ContentLanguage), CacheControl: strPtr(h.CacheControl),
		ChecksumType: f.sum.kind(), ChecksumCRC32: f.sum.of("CRC32"), ChecksumCRC32C: f.sum.of("CRC32C"),
		ChecksumCRC64NVME: f.sum.of("CRC64NVME"), ChecksumSHA256: f.sum.of("SHA256"),
	}, nil
}

// GetObject answers with an object's body, or a part of it.
func (s *Store) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	f, err := s.find(ctx, request{str(in.Bucket), str(in.Key), str(in.VersionId), str(in.Range), in.PartNumber, in.ChecksumMode, backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	}})
	if err != nil {
		if f.Version != nil {
			return &s3.GetObjectOutput{DeleteMarker: ptr(true), LastModified: &f.Time}, err
		}
		return nil, err
	}
	body, err := s.open(deadline(ctx), f.Version, f.off, f.length)
	if err != nil {
		return nil, err
	}
	h := f.Headers
	return &s3.GetObjectOutput{
		Body: body, AcceptRanges: ptr("bytes"), ContentLength: &f.length, ContentRange: f.contentRange,
		ETag: ptr(quote(f.ETag)), LastModified: &f.Time, VersionId: shownID(f.Version), StorageClass: types.StorageClassStandard,
		Metadata: h.Meta, ContentType: strPtr(h.ContentType), ContentEncoding: strPtr(h.ContentEncoding),
		ContentDisposition: strPtr(h.ContentDisposition), ContentLanguage: strPtr(h.ContentLanguage), CacheControl: strPtr(h.CacheControl),
		ChecksumType: f.sum.kind(), ChecksumCRC32: f.sum.of("CRC32"), ChecksumCRC32C: f.sum.of("CRC32C"),
		ChecksumCRC64NVME: f.sum.of("CRC64NVME"), ChecksumSHA256: f.sum.of("SHA256"),
	}, nil
}

// GetObjectTagging returns the tags that a version was written with.
func (s *Store) GetObjectTagging(ctx context.Context, bucket, key, id string) (map[string]string, error) {
	ver, err := s.object(ctx, bucket, key, id)
	if err != nil {
		return nil, err
	}
	return ver.Tags, nil
}

// shownID is the version id that an answer names; the null version has none.
func shownID(v *Version) *string {
	if v.ID == nullVersion {
		return nil
	}
	return &v.ID
}
