package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// span is the part of a body that a request asks for.
type span struct {
	off, length int64
	rng         *string // Content-Range, if not the whole
	parts       *int32
}

func (s *Store) span(dl time.Time, ver *Version, rng string, part *int32) (sp span, err error) {
	if part == nil {
		off, length, valid, err := backend.ParseObjectRange(ver.Size, rng)
		if err != nil {
			return sp, err
		}
		sp.off, sp.length = off, length
		if valid {
			sp.rng = ptr(fmt.Sprintf("bytes %d-%d/%d", off, off+length-1, ver.Size))
		}
		return sp, nil
	}
	sizes := []int64{ver.Size}
	if ver.Multipart {
		segs, err := s.segments(dl, ver)
		if err != nil {
			return sp, err
		}
		sizes = nil
		for _, seg := range segs {
			sizes = append(sizes, seg.Size)
		}
		sp.parts = ptr(int32(len(sizes)))
	}
	if int(*part) > len(sizes) {
		return sp, s3err.GetInvalidPartNumberRangeErr(int32(len(sizes)), *part)
	}
	for _, n := range sizes[:*part-1] {
		sp.off += n
	}
	sp.length = sizes[*part-1]
	if sp.length > 0 {
		sp.rng = ptr(fmt.Sprintf("bytes %d-%d/%d", sp.off, sp.off+sp.length-1, ver.Size))
	}
	return sp, nil
}

// HeadObject answers from one linearizable read.
func (s *Store) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	ver, err := s.object(ctx, str(in.Bucket), str(in.Key), str(in.VersionId))
	if err != nil {
		if ver != nil && ver.Marker {
			return &s3.HeadObjectOutput{DeleteMarker: ptr(true), LastModified: &ver.Time}, err
		}
		return nil, err
	}
	if err := backend.EvaluatePreconditions(quote(ver.ETag), ver.Time.Truncate(time.Second), backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	}); err != nil {
		return nil, err
	}
	sp, err := s.span(deadline(ctx), ver, str(in.Range), in.PartNumber)
	if err != nil {
		return nil, err
	}
	var sum types.Checksum
	if in.ChecksumMode == types.ChecksumModeEnabled && sp.rng == nil {
		sum = ver.Sum.whole()
	}
	return &s3.HeadObjectOutput{
		AcceptRanges: ptr("bytes"), ContentLength: &sp.length, ContentRange: sp.rng, PartsCount: sp.parts,
		ETag: ptr(quote(ver.ETag)), LastModified: &ver.Time, VersionId: shownID(ver), StorageClass: types.StorageClassStandard,
		TagCount: tagCount(ver), Metadata: ver.Headers.Meta,
		ContentType: strPtr(ver.Headers.ContentType), ContentEncoding: strPtr(ver.Headers.ContentEncoding),
		ContentDisposition: strPtr(ver.Headers.ContentDisposition), ContentLanguage: strPtr(ver.Headers.ContentLanguage),
		CacheControl: strPtr(ver.Headers.CacheControl), ExpiresString: strPtr(ver.Headers.Expires),
		WebsiteRedirectLocation: strPtr(ver.Headers.Redirect),
		ChecksumType:            sum.ChecksumType, ChecksumCRC32: sum.ChecksumCRC32, ChecksumCRC32C: sum.ChecksumCRC32C,
		ChecksumSHA1: sum.ChecksumSHA1, ChecksumSHA256: sum.ChecksumSHA256, ChecksumCRC64NVME: sum.ChecksumCRC64NVME,
		ChecksumSHA512: sum.ChecksumSHA512, ChecksumMD5: sum.ChecksumMD5, ChecksumXXHASH64: sum.ChecksumXXHASH64,
		ChecksumXXHASH3: sum.ChecksumXXHASH3, ChecksumXXHASH128: sum.ChecksumXXHASH128,
	}, nil
}

// GetObject streams the body of the version that one linearizable read found.
func (s *Store) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	for try := 0; ; try++ {
		out, err := s.get(ctx, in)
		// A body may vanish between the two reads only if it was overwritten
		// long ago; then the new head tells.
		if err == error(ErrUnavailable) && try == 0 && time.Until(deadline(ctx)) > opTimeout {
			continue
		}
		return out, err
	}
}

func (s *Store) get(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	ver, err := s.object(ctx, str(in.Bucket), str(in.Key), str(in.VersionId))
	if err != nil {
		if ver != nil && ver.Marker {
			return &s3.GetObjectOutput{DeleteMarker: ptr(true), LastModified: &ver.Time}, err
		}
		return nil, err
	}
	if err := backend.EvaluatePreconditions(quote(ver.ETag), ver.Time.Truncate(time.Second), backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	}); err != nil {
		return nil, err
	}
	dl := deadline(ctx)
	sp, err := s.span(dl, ver, str(in.Range), in.PartNumber)
	if err != nil {
		return nil, err
	}
	body, err := s.open(dl, ver, sp.off, sp.length)
	if err != nil {
		return nil, err
	}
	var sum types.Checksum
	if in.ChecksumMode == types.ChecksumModeEnabled && sp.rng == nil {
		sum = ver.Sum.whole()
	}
	return &s3.GetObjectOutput{
		Body: body, AcceptRanges: ptr("bytes"), ContentLength: &sp.length, ContentRange: sp.rng, PartsCount: sp.parts,
		ETag: ptr(quote(ver.ETag)), LastModified: &ver.Time, VersionId: shownID(ver), StorageClass: types.StorageClassStandard,
		TagCount: tagCount(ver), Metadata: ver.Headers.Meta,
		ContentType: strPtr(ver.Headers.ContentType), ContentEncoding: strPtr(ver.Headers.ContentEncoding),
		ContentDisposition: strPtr(ver.Headers.ContentDisposition), ContentLanguage: strPtr(ver.Headers.ContentLanguage),
		CacheControl: strPtr(ver.Headers.CacheControl), ExpiresString: strPtr(ver.Headers.Expires),
		WebsiteRedirectLocation: strPtr(ver.Headers.Redirect),
		ChecksumType:            sum.ChecksumType, ChecksumCRC32: sum.ChecksumCRC32, ChecksumCRC32C: sum.ChecksumCRC32C,
		ChecksumSHA1: sum.ChecksumSHA1, ChecksumSHA256: sum.ChecksumSHA256, ChecksumCRC64NVME: sum.ChecksumCRC64NVME,
		ChecksumSHA512: sum.ChecksumSHA512, ChecksumMD5: sum.ChecksumMD5, ChecksumXXHASH64: sum.ChecksumXXHASH64,
		ChecksumXXHASH3: sum.ChecksumXXHASH3, ChecksumXXHASH128: sum.ChecksumXXHASH128,
	}, nil
}

// GetObjectAttributes answers from the same record as HeadObject.
func (s *Store) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (out s3response.GetObjectAttributesResponse, err error) {
	ver, err := s.object(ctx, str(in.Bucket), str(in.Key), str(in.VersionId))
	if err != nil {
		if ver != nil && ver.Marker {
			return s3response.GetObjectAttributesResponse{DeleteMarker: ptr(true), VersionId: shownID(ver)}, s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		return out, err
	}
	return s3response.GetObjectAttributesResponse{
		ETag: &ver.ETag, ObjectSize: &ver.Size, StorageClass: types.StorageClassStandard,
		LastModified: &ver.Time, VersionId: shownID(ver), Checksum: ptr(ver.Sum.whole()),
	}, nil
}

// shownID is the version id that an answer names; the null version has none.
func shownID(v *Version) *string {
	if v.ID == nullVersion {
		return nil
	}
	return &v.ID
}

func tagCount(v *Version) *int32 {
	if len(v.Tags) == 0 {
		return nil
	}
	return ptr(int32(len(v.Tags)))
}
