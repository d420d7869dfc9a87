package store

import (
	"fmt"
	"strings"
)

// Key layout. Bucket names never contain NUL and object keys that do are
// refused, so NUL separates the parts and keeps S3's byte order of keys.
//
//	b/BUCKET                      bucket record
//	h/BUCKET\0KEY                 head: the latest version of a key
//	v/BUCKET\0KEY\0INVSEQ         every version, newest first
//	d/DATA/CHUNK                  body chunks; DATA is unique to one upload
//	g/DUE-ID                      garbage: data to be removed at that time
//	m/BUCKET\0KEY\0UPLOAD         multipart upload
//	p/UPLOAD/PART                 uploaded part
//	a/ACCESSKEY                   credential
//	e/MEMBER                      write fence of a gateway (see fence.go)
const (
	bucketPrefix  = "b/"
	headPrefix    = "h/"
	versionPrefix = "v/"
	dataPrefix    = "d/"
	garbagePrefix = "g/"
	uploadPrefix  = "m/"
	partPrefix    = "p/"
	fencePrefix   = "e/"

	// UserPrefix is where credentials are kept.
	UserPrefix = "a/"
)

func bucketKey(bucket string) string          { return bucketPrefix + bucket }
func headRange(bucket string) string          { return headPrefix + bucket + "\x00" }
func headKey(bucket, key string) string       { return headRange(bucket) + key }
func versionRange(bucket string) string       { return versionPrefix + bucket + "\x00" }
func versionsOf(bucket, key string) string    { return versionRange(bucket) + key + "\x00" }
func dataRange(data string) string            { return dataPrefix + data + "/" }
func chunkKey(data string, n int) string      { return fmt.Sprintf("%s%s/%06d", dataPrefix, data, n) }
func uploadRange(bucket string) string        { return uploadPrefix + bucket + "\x00" }
func uploadKey(bucket, key, id string) string { return uploadRange(bucket) + key + "\x00" + id }
func partRange(id string) string              { return partPrefix + id + "/" }
func partKey(id string, n int32) string       { return fmt.Sprintf("%s%s/%05d", partPrefix, id, n) }

// versionKey sorts the versions of a key newest first.
func versionKey(bucket, key string, seq uint64) string {
	return versionsOf(bucket, key) + fmt.Sprintf("%016x", ^seq)
}

// splitObject splits what follows "h/" into bucket and key.
func splitObject(object string) (bucket, key string) {
	bucket, key, _ = strings.Cut(object, "\x00")
	return bucket, key
}

// prefixEnd is the first key after every key that starts with p.
func prefixEnd(p string) string {
	b := []byte(p)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return "\x00"
}
