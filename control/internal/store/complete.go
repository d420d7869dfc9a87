package store

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
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
	if in.MultipartUpload == nil {
		return res, "", s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	if given(in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA256) != (checksum{}) {
		return res, "", s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	dl, bucket, key, id := deadline(ctx), str(in.Bucket), str(in.Key), str(in.UploadId)
	up, rev, err := s.upload(dl, bucket, key, id)
	if err != nil {
		return res, "", err
	}
	ver, err := assemble(in, up)
	if err != nil {
		return res, "", err
	}
	uk := uploadKey(bucket, key, id)
	made, err := s.publish(dl, bucket, key, *ver, in.IfMatch, in.IfNoneMatch, func(c *change) {
		c.cmps = append(c.cmps, modIs(uk, rev))
		c.once, c.consumes = uk, true // the upload ends with it
		c.ops = append(c.ops, s.drop(slices.Collect(maps.Values(up.Parts)))...)
		c.ops = append(c.ops, clientv3.OpDelete(uk))
	})
	if err != nil { // errBusy if a part came, or the upload ended, meanwhile
		return res, "", err
	}
	res = s3response.CompleteMultipartUploadResult{Bucket: in.Bucket, Key: in.Key, ETag: new(quote(made.ETag))}
	return res, str(shownID(&made.Version)), nil
}

// assemble makes the version that a completion asks for out of the parts that
// there are, and takes those out of the upload.
func assemble(in *s3.CompleteMultipartUploadInput, up *Upload) (*Version, error) {
	ver := &Version{Time: time.Now().UTC(), Headers: up.Headers}
	etags := md5.New()
	last := int32(0)
	for i, c := range in.MultipartUpload.Parts {
		if c.PartNumber == nil || c.ETag == nil {
			return nil, s3err.GetAPIError(s3err.ErrMalformedXML)
		}
		if *c.PartNumber <= last {
			return nil, s3err.GetAPIError(s3err.ErrInvalidPartOrder)
		}
		if given(c.ChecksumCRC32, c.ChecksumCRC32C, c.ChecksumCRC64NVME, c.ChecksumSHA256) != (checksum{}) {
			return nil, s3err.GetAPIError(s3err.ErrNotImplemented)
		}
		last = *c.PartNumber
		p, ok := up.Parts[last]
		if !ok || !backend.AreEtagsSame(p.MD5, *c.ETag) {
			return nil, s3err.GetInvalidPartErr(str(in.UploadId), last, *c.ETag)
		}
		if i < len(in.MultipartUpload.Parts)-1 && p.Size < backend.MinPartSize {
			return nil, s3err.GetEntityTooSmallErr(p.Size, backend.MinPartSize)
		}
		sum, _ := hex.DecodeString(p.MD5)
		etags.Write(sum)
		delete(up.Parts, last)
		ver.Segments = append(ver.Segments, p)
		ver.Size += p.Size
	}
	ver.ETag = fmt.Sprintf("%x-%d", etags.Sum(nil), len(ver.Segments))
	return ver, nil
}
