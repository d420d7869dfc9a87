package store

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

const (
	// ChunkSize is the size of a body chunk: small enough that the entries
	// which raft keeps in memory stay few megabytes.
	ChunkSize = 256 << 10
	// window is how many chunks of one upload are in flight at a time.
	window = 4
	// chunkTimeout is how long one chunk may take, which is longer than a
	// whole short request: such uploads load the disks themselves.
	chunkTimeout = 4 * time.Second
	// maxInUse is where uploads are refused, well below etcd's quota, so that
	// deletes and small writes still work.
	maxInUse = 3 << 30
)

// source is a body with what the client said about it.
type source struct {
	body   io.Reader
	length int64
	sum    checksum
}

// staged is a body that has been read to its end and whose checksums held.
// A body of at most one chunk is held in memory; a longer one is in etcd, and
// is garbage unless it is referenced before that is due.
type staged struct {
	segment Segment
	inline  []byte
	marker  string // key of the garbage record, or "" for a body in memory
}

// stage reads a body to its end and stores its chunks. Nothing it stores is
// visible. On any error it discards what it stored.
func (s *Store) stage(src source) (*staged, error) {
	if src.length > ChunkSize && s.inUse() > maxInUse {
		return nil, errBusy
	}
	st := &staged{segment: Segment{Data: newID()}}
	r, err := verified(src)
	if err != nil {
		return nil, err
	}
	if err = s.stageChunks(st, r); err == nil && st.segment.Size != src.length {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	if err != nil {
		s.discard(st)
		return nil, err
	}
	return st, nil
}

// verified is a reader that fails at the end of a body whose checksum does
// not hold. One in the body's own trailer is verified by the gateway.
func verified(src source) (io.Reader, error) {
	if src.sum.value == "" {
		return src.body, nil
	}
	r, err := utils.NewHashReader(src.body, src.sum.value, utils.HashType(strings.ToLower(string(src.sum.algorithm))))
	if err != nil {
		return nil, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	return r, nil
}

// stageChunks reads r to EOF, which is where the readers of the gateway
// verify signatures and checksums.
func (s *Store) stageChunks(st *staged, r io.Reader) error {
	sum := md5.New()
	chunks, failed := errgroup.WithContext(context.Background())
	chunks.SetLimit(window)
	buf := make([]byte, ChunkSize)
	for {
		n, err := io.ReadFull(r, buf)
		sum.Write(buf[:n])
		st.segment.Size += int64(n)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			_ = chunks.Wait()
			return bodyError(err)
		}
		if n > 0 || st.segment.Chunks == 0 {
			chunk := bytes.Clone(buf[:n])
			if last && st.segment.Chunks == 0 {
				st.inline = chunk
			} else if err := s.stageChunk(st, chunks, chunk); err != nil {
				return err
			}
			st.segment.Chunks++
		}
		if last || failed.Err() != nil {
			st.segment.MD5 = hex.EncodeToString(sum.Sum(nil))
			return chunks.Wait()
		}
	}
}

// stageChunk stores the next chunk in the background, once fewer than window
// are in flight. A chunk is written only while the upload's garbage record
// exists, so a late one cannot outlive it.
func (s *Store) stageChunk(st *staged, chunks *errgroup.Group, chunk []byte) error {
	if st.marker == "" {
		st.marker = garbageKey(uploadGrace)
		op := put(st.marker, Garbage{Data: []string{st.segment.Data}})
		if _, err := s.writeRepeatable(time.Now().Add(Budget), nil, []clientv3.Op{op}); err != nil {
			return err
		}
	}
	key := chunkKey(st.segment.Data, st.segment.Chunks)
	chunks.Go(func() error {
		ok, err := s.writeRepeatable(time.Now().Add(chunkTimeout), []clientv3.Cmp{exists(st.marker)}, []clientv3.Op{clientv3.OpPut(key, string(chunk))})
		if err == nil && !ok {
			err = errBusy // collected: the upload took too long
		}
		return err
	})
	return nil
}

// bodyError keeps the gateway's own verdicts on a body; anything else means
// that the body did not arrive.
func bodyError(err error) error {
	var api s3err.S3Error
	if errors.As(err, &api) {
		return api
	}
	return s3err.GetAPIError(s3err.ErrIncompleteBody)
}

// discard removes a staged body that will not be referenced, unless it was
// referenced after all. Where it cannot, the garbage collector will.
func (s *Store) discard(st *staged) {
	if st.marker != "" {
		_ = s.purge(time.Now().Add(opTimeout), st.marker, []string{st.segment.Data})
	}
}

// reference adds to a change what makes a staged body part of it: the body
// itself, if small, or the end of its garbage record, which collection must
// not have taken. Either can happen only once.
func (st *staged) reference(c *change) {
	if st.marker != "" {
		c.once, c.consumes = st.marker, true
		c.ops = append(c.ops, clientv3.OpDelete(st.marker))
		return
	}
	c.once = chunkKey(st.segment.Data, 0)
	c.ops = append(c.ops, clientv3.OpPut(c.once, string(st.inline)))
}
