package store

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// CompleteMultipartUpload makes the chosen parts the latest version of the
// key and ends the upload, in one transaction, if the preconditions hold and
// no part has changed since they were read.
func (s *Store) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (res s3response.CompleteMultipartUploadResult, versionID string, err error) {
	if err := writable(ctx); err != nil {
		return res, "", err
	}
	if in.MultipartUpload == nil {
		return res, "", s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	if in.ChecksumCRC32 != nil || in.ChecksumCRC32C != nil || in.ChecksumCRC64NVME != nil || in.ChecksumSHA256 != nil {
		return res, "", s3err.GetAPIError(s3err.ErrNotImplemented) // of the whole object: only parts have one
	}
	dl := deadline(ctx)
	made, err := s.complete(dl, in)
	for errors.Is(err, errBusy) && pause(dl) { // a part was replaced, or the upload ended
		made, err = s.complete(dl, in)
	}
	if err != nil {
		return res, "", err
	}
	res = s3response.CompleteMultipartUploadResult{Bucket: in.Bucket, Key: in.Key, ETag: ptr(quote(made.ETag))}
	return res, str(shownID(&made.Version)), nil
}

// complete tries it with the parts that there are now. The error is errBusy
// if they have changed meanwhile.
func (s *Store) complete(dl time.Time, in *s3.CompleteMultipartUploadInput) (made *Head, err error) {
	bucket, key, id := str(in.Bucket), str(in.Key), str(in.UploadId)
	up, rev, err := s.upload(dl, bucket, key, id)
	if err != nil {
		return nil, err
	}
	parts, err := s.parts(dl, id)
	if err != nil {
		return nil, err
	}
	ver, err := assemble(in, up, parts)
	if err != nil {
		return nil, err
	}
	uk := uploadKey(bucket, key, id)
	err = s.mutate(dl, bucket, key, func(v view) (*change, error) {
		if err := preconditions(v, in.IfMatch, in.IfNoneMatch); err != nil {
			return nil, err
		}
		c, err := s.push(dl, bucket, key, v, *ver)
		if err != nil {
			return nil, err
		}
		c.cmps = append(c.cmps, modIs(uk, rev))
		c.once, c.consumes = uk, true // the upload ends with it
		c.ops = append(c.ops, s.dropParts(parts)...)
		c.ops = append(c.ops, clientv3.OpDelete(uk), deleteAll(partRange(id)))
		made = c.head
		return c, nil
	})
	return made, err
}

// assemble makes the version that a completion asks for out of the parts that
// there are, and takes those from parts.
func assemble(in *s3.CompleteMultipartUploadInput, up *Upload, parts map[int32]*Part) (*Version, error) {
	ver := &Version{Time: time.Now().UTC(), Headers: up.Headers, Tags: up.Tags}
	etags := md5.New()
	last := int32(0)
	for i, c := range in.MultipartUpload.Parts {
		if c.PartNumber == nil || c.ETag == nil {
			return nil, s3err.GetAPIError(s3err.ErrMalformedXML)
		}
		if *c.PartNumber <= last {
			return nil, s3err.GetAPIError(s3err.ErrInvalidPartOrder)
		}
		last = *c.PartNumber
		p := parts[last]
		if p == nil || !backend.AreEtagsSame(p.Segment.MD5, *c.ETag) || !p.Sum.holds(c) {
			return nil, s3err.GetInvalidPartErr(str(in.UploadId), last, *c.ETag)
		}
		if i < len(in.MultipartUpload.Parts)-1 && p.Segment.Size < backend.MinPartSize {
			return nil, s3err.GetEntityTooSmallErr(p.Segment.Size, backend.MinPartSize)
		}
		sum, _ := hex.DecodeString(p.Segment.MD5)
		etags.Write(sum)
		delete(parts, last)
		ver.Segments = append(ver.Segments, p.Segment)
		ver.Size += p.Segment.Size
	}
	ver.ETag = fmt.Sprintf("%x-%d", etags.Sum(nil), len(ver.Segments))
	if in.MpuObjectSize != nil && *in.MpuObjectSize != ver.Size {
		return nil, s3err.GetIncorrectMpObjectSizeErr(ver.Size, *in.MpuObjectSize)
	}
	return ver, nil
}
