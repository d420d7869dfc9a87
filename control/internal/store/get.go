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

// find describes the version that answers a GET or a HEAD, and finds where in
// its body the answer begins, from one linearizable read. If the latest version is a delete marker, or that is what
// was asked for, it says so with the error.
func (s *Store) find(ctx context.Context, in *s3.GetObjectInput) (ver *Version, off int64, out *s3.GetObjectOutput, err error) {
	if in.PartNumber != nil {
		return nil, 0, nil, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	if ver, err = s.object(ctx, str(in.Bucket), str(in.Key), str(in.VersionId)); err != nil {
		if ver != nil {
			out = &s3.GetObjectOutput{DeleteMarker: new(true), LastModified: &ver.Time}
		}
		return nil, 0, out, err
	}
	if err := backend.EvaluatePreconditions(quote(ver.ETag), ver.Time.Truncate(time.Second), backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	}); err != nil {
		return nil, 0, nil, err
	}
	off, length, partial, err := backend.ParseObjectRange(ver.Size, str(in.Range))
	if err != nil {
		return nil, 0, nil, err
	}
	h := ver.Headers
	out = &s3.GetObjectOutput{
		AcceptRanges: new("bytes"), ContentLength: &length,
		ETag: new(quote(ver.ETag)), LastModified: &ver.Time, VersionId: shownID(ver), StorageClass: types.StorageClassStandard,
		Metadata: h.Meta, ContentType: backend.GetPtrFromString(h.ContentType), ContentEncoding: backend.GetPtrFromString(h.ContentEncoding),
		ContentDisposition: backend.GetPtrFromString(h.ContentDisposition), ContentLanguage: backend.GetPtrFromString(h.ContentLanguage), CacheControl: backend.GetPtrFromString(h.CacheControl),
	}
	if partial {
		out.ContentRange = new(fmt.Sprintf("bytes %d-%d/%d", off, off+length-1, ver.Size))
	}
	return ver, off, out, nil
}

// HeadObject describes an object.
func (s *Store) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	_, _, out, err := s.find(ctx, &s3.GetObjectInput{
		Bucket: in.Bucket, Key: in.Key, VersionId: in.VersionId, Range: in.Range, PartNumber: in.PartNumber,
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch, IfModifiedSince: in.IfModifiedSince, IfUnmodifiedSince: in.IfUnmodifiedSince,
	})
	if out == nil {
		return nil, err
	}
	return &s3.HeadObjectOutput{
		DeleteMarker: out.DeleteMarker, AcceptRanges: out.AcceptRanges, ContentLength: out.ContentLength, ContentRange: out.ContentRange,
		ETag: out.ETag, LastModified: out.LastModified, VersionId: out.VersionId, StorageClass: out.StorageClass,
		Metadata: out.Metadata, ContentType: out.ContentType, ContentEncoding: out.ContentEncoding,
		ContentDisposition: out.ContentDisposition, ContentLanguage: out.ContentLanguage, CacheControl: out.CacheControl,
	}, err
}

// GetObject answers with an object's body, or a part of it.
func (s *Store) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	ver, off, out, err := s.find(ctx, in)
	if err != nil {
		return out, err
	}
	if out.Body, err = s.open(deadline(ctx), ver, off, *out.ContentLength); err != nil {
		return nil, err
	}
	return out, nil
}

// GetObjectTagging answers with the tags that the PUT of that version gave
// it; a copy has those of its source.
func (s *Store) GetObjectTagging(ctx context.Context, bucket, object, versionID string) (map[string]string, error) {
	ver, err := s.object(ctx, bucket, object, versionID)
	if err != nil {
		return nil, err
	}
	if ver.Headers.Tags == nil {
		return map[string]string{}, nil
	}
	return ver.Headers.Tags, nil
}

// shownID is the version id that an answer names; the null version has none.
func shownID(v *Version) *string {
	if v.ID == nullVersion {
		return nil
	}
	return &v.ID
}
