package store

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// nullVersion is the version id of objects written while versioning is off.
const nullVersion = "null"

// Bucket is the record of a bucket.
type Bucket struct {
	Created    time.Time `json:"created"`
	Versioning string    `json:"versioning,omitempty"`
}

// Headers are the client's headers that are kept with an object, and its tags.
type Headers struct {
	ContentType        string            `json:"ct,omitempty"`
	ContentEncoding    string            `json:"ce,omitempty"`
	ContentDisposition string            `json:"cd,omitempty"`
	ContentLanguage    string            `json:"cl,omitempty"`
	CacheControl       string            `json:"cc,omitempty"`
	Meta               map[string]string `json:"meta,omitempty"`
	Tags               map[string]string `json:"tags,omitempty"`
}

// Segment is one run of chunks written by one upload or one part.
type Segment struct {
	Data   string `json:"d"`
	Size   int64  `json:"s"`
	Chunks int    `json:"n"`
	MD5    string `json:"m"`
}

// Version is one version of an object, or one delete marker. The data that
// its segments name is unique to the write that made it and never changes.
type Version struct {
	ID       string    `json:"id"`
	Seq      uint64    `json:"seq"`
	Size     int64     `json:"size"`
	ETag     string    `json:"etag,omitempty"`
	Time     time.Time `json:"time"`
	Marker   bool      `json:"marker,omitempty"`
	Headers  Headers   `json:"h"`
	Segments []Segment `json:"segs,omitempty"`
}

// Head is the record that every change to a key compares and replaces.
type Head struct {
	Version
	// Next is the sequence number of the next version; it never goes back
	// while the head exists.
	Next uint64 `json:"next"`
	// Null is the sequence number of the null version, or 0.
	Null uint64 `json:"null,omitempty"`
	// Mutation is unique to the change that wrote this record. A writer that
	// finds its own here knows that its change took effect.
	Mutation string `json:"mut"`
}

// Upload is a multipart upload in progress, with its parts by number.
type Upload struct {
	Started time.Time         `json:"started"`
	Headers Headers           `json:"h"`
	Parts   map[int32]Segment `json:"parts"`
}

// Garbage lists the data that is removed when its marker is due.
type Garbage struct {
	Data []string `json:"d"`
}

func newID() string { return rand.Text() }

// newVersionID makes an opaque id from which the sequence number can be read.
func newVersionID(seq uint64) string { return fmt.Sprintf("%016x%s", seq, newID()[:16]) }

// versionSeq reads the sequence number out of a version id.
func versionSeq(id string) (uint64, bool) {
	if len(id) != 32 {
		return 0, false
	}
	seq, err := strconv.ParseUint(id[:16], 16, 64)
	return seq, err == nil
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain records always marshal
	}
	return string(b)
}

func decode[T any](b []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return v, nil
}
