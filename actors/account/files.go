package account

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/clawdbot/gateway/providers"
)

// noFiles is the Files of a program that keeps no attachments.
type noFiles struct{}

var errNoFiles = errors.New("this program keeps no attachments")

func (noFiles) Save(context.Context, io.Reader, string, string, int64) (providers.Media, error) {
	return providers.Media{}, errNoFiles
}

func (noFiles) Fetch(context.Context, string, http.Header, string, int64) (providers.Media, error) {
	return providers.Media{}, errNoFiles
}
