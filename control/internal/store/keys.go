package store

import "fmt"

// Key layout. Bucket names never contain NUL and object keys that do are
// refused, so NUL separates the parts and keeps S3's byte order of keys.
//
//	b/BUCKET                      bucket record
//	h/BUCKET\0KEY                 head: the latest version of a key
//	v/BUCKET\0KEY\0INVSEQ         every version, newest first
//	d/DATA/CHUNK                  body chunks; DATA is unique to one upload
//	g/DUE-ID                      garbage: data to be removed at that time
//	m/BUCKET\0KEY\0UPLOAD         multipart upload and its parts
//	a/ACCESSKEY                   credential
//	e/MEMBER                      write fence of a gateway (see fence.go)
const (
	bucketPrefix  = "b/"
	headPrefix    = "h/"
	versionPrefix = "v/"
	dataPrefix    = "d/"
	garbagePrefix = "g/"
	uploadPrefix  = "m/"
	fencePrefix   = "e/"
	plantedPrefix = "x/"

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

// versionKey sorts the versions of a key newest first.
func versionKey(bucket, key string, seq uint64) string {
	return versionsOf(bucket, key) + fmt.Sprintf("%016x", ^seq)
}
