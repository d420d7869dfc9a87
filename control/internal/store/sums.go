package store

import "github.com/aws/aws-sdk-go-v2/service/s3/types"

// Algorithms are the checksum algorithms that are verified, which are those
// that the usual client libraries send; a request with another one is refused.
func Algorithms() []types.ChecksumAlgorithm {
	return []types.ChecksumAlgorithm{
		types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256,
	}
}

// checksum is what a client says of a body (x-amz-checksum-*); it is verified
// and not kept.
type checksum struct {
	algorithm types.ChecksumAlgorithm
	value     string // "" if there is none
}

// given is the checksum among those that a request has, in the order of
// Algorithms.
func given(values ...*string) checksum {
	for i, a := range Algorithms() {
		if values[i] != nil {
			return checksum{a, *values[i]}
		}
	}
	return checksum{}
}
