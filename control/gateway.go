package main

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"tofustate.local/control/internal/store"
)

// newGateway makes the S3 server. It is not listening yet.
func newGateway(c config, st *store.Store, u *users, m *metrics, listening *atomic.Bool) (*s3api.S3ApiServer, error) {
	return s3api.New(st, middlewares.RootUserConfig{Access: c.rootAccess, Secret: c.rootSecret}, c.region, u,
		nil, nil, nil, nil,
		s3api.WithQuiet(),
		s3api.WithKeepAlive(),
		s3api.WithDisableACL(),
		s3api.WithConcurrencyLimiter(4096, 1024),
		s3api.WithMpMaxParts(10000),
		s3api.WithOnListen(func() { listening.Store(true) }),
		s3api.WithMiddleware("/", m.observe),
		s3api.WithMiddleware("/", guard(u)),
	)
}

// guard gives every request the time by which it must be answered, refuses
// writes by read-only credentials, and refuses conditions that the gateway's
// library would silently ignore.
func guard(u *users) fiber.Handler {
	return func(ctx fiber.Ctx) error {
		ctx.Locals(store.DeadlineKey, time.Now().Add(store.Budget))
		method := ctx.Method()
		conn := ctx.RequestCtx().Conn()
		ctx.Locals(store.GoneKey, func() bool { return gone(conn) })
		if method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions && u.readOnly(accessKeyOf(ctx)) {
			return refuse(ctx, s3err.GetAPIError(s3err.ErrAccessDenied))
		}
		if method != http.MethodGet && method != http.MethodHead && gone(conn) {
			return refuse(ctx, store.ErrUnavailable)
		}
		if ctx.Get("X-Amz-Copy-Source") != "" && (ctx.Get("If-Match") != "" || ctx.Get("If-None-Match") != "") {
			return refuse(ctx, s3err.GetAPIError(s3err.ErrNotImplemented))
		}
		return ctx.Next()
	}
}

func refuse(ctx fiber.Ctx, err s3err.APIError) error {
	ctx.Response().Header.SetContentType(fiber.MIMEApplicationXML)
	return ctx.Status(err.HTTPStatusCode).Send(err.XMLBody("", ""))
}

// accessKeyOf is the access key that a request claims; its signature is
// checked later.
func accessKeyOf(ctx fiber.Ctx) string {
	cred := ctx.Query("X-Amz-Credential")
	if h := ctx.Get("Authorization"); h != "" {
		_, cred, _ = strings.Cut(h, "Credential=")
	}
	key, _, _ := strings.Cut(cred, "/")
	return strings.Clone(key)
}

// statusOf is the status that a handler's outcome leads to.
func statusOf(ctx fiber.Ctx, err error) int {
	var fe *fiber.Error
	switch {
	case errors.As(err, &fe):
		return fe.Code
	case err != nil:
		return http.StatusInternalServerError
	}
	return ctx.Response().StatusCode()
}
