package main

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"tofustate.local/control/internal/store"
)

// newGateway makes the S3 server. It is not listening yet.
func newGateway(c config, st *store.Store, u *users, m *metrics, listening *atomic.Bool) (*s3api.S3ApiServer, error) {
	return s3api.New(st, middlewares.RootUserConfig{Access: c.rootAccess, Secret: c.rootSecret}, "us-east-1", u,
		nil, nil, nil, nil,
		s3api.WithQuiet(),
		s3api.WithKeepAlive(),
		s3api.WithDisableACL(),
		s3api.WithConcurrencyLimiter(4096, 1024),
		s3api.WithMpMaxParts(store.MaxParts),
		s3api.WithOnListen(func() { listening.Store(true) }),
		s3api.WithMiddleware("/", m.observe),
		s3api.WithMiddleware("/", guard),
	)
}

// guard gives every request the time by which it must be answered, and
// refuses what nobody waits for any more and what would be ignored.
func guard(ctx fiber.Ctx) error {
	ctx.Locals(store.DeadlineKey, time.Now().Add(store.Budget))
	conn := ctx.RequestCtx().Conn()
	ctx.Locals(store.GoneKey, func() bool { return gone(conn) })
	if ctx.Method() != http.MethodGet && ctx.Method() != http.MethodHead && gone(conn) {
		return refuse(ctx, store.ErrUnavailable)
	}
	if notKept(ctx) {
		return refuse(ctx, s3err.GetAPIError(s3err.ErrNotImplemented))
	}
	return ctx.Next()
}

// notKept tells whether a request asks for something that the control does
// not do and would otherwise answer as if it had: encryption, object lock,
// tags of a copy or of a multipart upload, checksums of other algorithms,
// conditions of a delete, conditions and changes in a copy.
func notKept(ctx fiber.Ctx) bool {
	unconditional := ctx.Method() == http.MethodDelete || ctx.Get("X-Amz-Copy-Source") != ""
	for name, value := range ctx.Request().Header.All() {
		header := strings.ToLower(string(name))
		sum, isSum := strings.CutPrefix(header, "x-amz-checksum-")
		switch {
		case strings.HasPrefix(header, "x-amz-server-side-encryption"), strings.Contains(header, "-object-lock-"),
			header == "x-amz-tagging" && untagged(ctx), header == "x-amz-mp-object-size", header == "if-match" && string(value) == "*",
			strings.HasSuffix(header, "-directive"), unconditional && strings.Contains(header, "if-"):
			return true
		case header == "x-amz-checksum-algorithm" || header == "x-amz-sdk-checksum-algorithm":
			sum, isSum = string(value), true
		case header == "x-amz-trailer":
			sum, isSum = strings.CutPrefix(strings.ToLower(string(value)), "x-amz-checksum-")
		case sum == "mode" || sum == "type":
			isSum = false
		}
		if isSum && !slices.Contains(store.Algorithms(), types.ChecksumAlgorithm(strings.ToUpper(sum))) {
			return true
		}
	}
	return false
}

// untagged tells whether a request writes something whose tags are not kept:
// a copy, which has those of its source, or a multipart upload.
func untagged(ctx fiber.Ctx) bool {
	return ctx.Get("X-Amz-Copy-Source") != "" || ctx.Method() != http.MethodPut
}

func refuse(ctx fiber.Ctx, err s3err.APIError) error {
	ctx.Response().Header.SetContentType(fiber.MIMEApplicationXML)
	return ctx.Status(err.HTTPStatusCode).Send(err.XMLBody("", ""))
}
