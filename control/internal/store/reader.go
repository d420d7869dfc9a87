package store

import (
	"io"
	"time"
)

// reader streams a range of one version's body. All its chunks were written
// by the upload that made that version, so it cannot mix versions.
type reader struct {
	s      *Store
	chunks []string
	skip   int64 // bytes of the first chunk to leave out
	left   int64 // bytes still to be read
	buf    []byte
}

// open makes a reader and reads its first chunk, so that what is missing or
// cannot be reached is an error before any answer is given.
func (s *Store) open(dl time.Time, ver *Version, off, length int64) (io.ReadCloser, error) {
	r := &reader{s: s, left: length}
	var at int64
	for _, seg := range ver.Segments {
		for n := 0; n < seg.Chunks; n++ {
			size := min(ChunkSize, seg.Size-int64(n)*ChunkSize)
			if at+size > off && at < off+length {
				if len(r.chunks) == 0 {
					r.skip = off - at
				}
				r.chunks = append(r.chunks, chunkKey(seg.Data, n))
			}
			at += size
		}
	}
	if length > 0 {
		if err := r.next(dl); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *reader) next(dl time.Time) error {
	if len(r.chunks) == 0 {
		return io.ErrUnexpectedEOF
	}
	kvs, err := r.s.get(dl, r.chunks[0])
	if err != nil {
		return err
	}
	if int64(len(kvs[0].GetValue())) <= r.skip {
		// Overwritten or deleted so long ago that its data is gone.
		return ErrUnavailable
	}
	r.buf = kvs[0].Value[r.skip:]
	r.skip = 0
	r.chunks = r.chunks[1:]
	return nil
}

// Read fails if a chunk does not come in time; the connection is then cut, so
// a client never takes part of a body for the whole.
func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.buf) == 0 {
		if err := r.next(time.Now().Add(Budget)); err != nil {
			return 0, err
		}
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.buf)
	r.buf = r.buf[n:]
	r.left -= int64(n)
	return n, nil
}

func (r *reader) Close() error { return nil }
