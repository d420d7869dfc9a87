package store

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
)

// Algorithms are the checksum algorithms that are kept, which are those that
// the usual client libraries send; a request with another one is refused.
func Algorithms() []types.ChecksumAlgorithm {
	return []types.ChecksumAlgorithm{
		types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256,
	}
}

// of is the value if the checksum is of that algorithm.
func (c Checksum) of(a types.ChecksumAlgorithm) *string {
	if c.Algorithm != string(a) {
		return nil
	}
	return strPtr(c.Value)
}

// kind is the type of a checksum, which is always one of the whole body.
func (c Checksum) kind() types.ChecksumType {
	if c.Value == "" {
		return ""
	}
	return types.ChecksumTypeFullObject
}

// headerSum is the checksum that a request's headers give or announce, in
// the order of Algorithms.
func headerSum(announced types.ChecksumAlgorithm, values ...*string) Checksum {
	for i, a := range Algorithms() {
		if values[i] != nil {
			return Checksum{string(a), *values[i]}
		}
	}
	return Checksum{Algorithm: string(announced)}
}

func putSum(in s3response.PutObjectInput) Checksum {
	return headerSum(in.ChecksumAlgorithm, in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA256)
}

// partSum is the checksum of a part: of the upload's own algorithm, unless
// the request names another.
func partSum(in *s3.UploadPartInput, up *Upload) Checksum {
	return headerSum(types.ChecksumAlgorithm(up.Algorithm), in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA256)
}

// holds tells whether what a completion says of a part's checksum, if
// anything, is so.
func (c Checksum) holds(p types.CompletedPart) bool {
	claims := []*string{p.ChecksumCRC32, p.ChecksumCRC32C, p.ChecksumCRC64NVME, p.ChecksumSHA256}
	i := slices.Index(Algorithms(), types.ChecksumAlgorithm(c.Algorithm))
	return i < 0 || claims[i] == nil || *claims[i] == c.Value
}
