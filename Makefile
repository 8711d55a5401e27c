# Every target is one line of shell or a script in .ci/. "make help" lists them.
.DEFAULT_GOAL := help
.PHONY: help run a2ui build prepare test series slim try-slim live check generate bench fuzz soak crash screenshots dist packages image

GO      ?= go
# Functions begin at 16 bytes instead of 32: the gaps between them are 0.3 MB.
LDFLAGS := -s -w -funcalign=16
TAGS    ?=
OUT     ?= bin/clawdbot
# What is compiled does not name its directory: another clone on the machine finds it in the cache.
export GOFLAGS := -trimpath $(filter-out -trimpath,$(shell $(GO) env GOFLAGS))
# The race detector, but for three packages. whatsmeow's socket forgets its connection without a lock while its own goroutines write to it
# (framesocket.go, Close and SendFrame): not ours to mend, and it harms nobody. SQLite is C in Go's clothes: under the detector it is three
# times as slow, and what it shares is behind its own locks.
export RACE := -race -gcflags=go.mau.fi/whatsmeow/socket=-race=false -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false
# The code of vendors' libraries is not inlined: none of it is hot, and the program is smaller (docs/performance.md).
PLAIN   := github.com/modelcontextprotocol/go-sdk github.com/google/jsonschema-go \
	github.com/slack-go/slack github.com/bwmarrin/discordgo gopkg.in/telebot.v3 go.mau.fi/whatsmeow google.golang.org/protobuf \
	charm.land github.com/charmbracelet github.com/segmentio github.com/chromedp github.com/pion github.com/spf13 golang.org/x/image \
	github.com/coder/acp-go-sdk golang.org/x/net go.mau.fi/util
GCFLAGS := $(foreach p,$(PLAIN),-gcflags=$(p)/...=-l) -gcflags=encoding/gob=-l
# A slim program is built from less (cmd/slim), without HTTP/2 (that tag is Go's own), and nothing is inlined but what a message, a frame and
# an answer pass: the runtime, what is small and everywhere, JSON, sockets, SQLite, the actors and their stores.
ifneq ($(filter slim,$(TAGS)),)
GOTAGS  := nethttpomithttp2
PREPARE := prepare
LESS    := -modfile=bin/slim/slim.mod -overlay=bin/slim/overlay.json
LDFLAGS := -s -w -funcalign=4
HOT     := runtime/... internal/... sync/... math/... bufio bytes compress/flate context encoding/base64 encoding/binary errors fmt hash/... io log/slog/... \
	maps reflect slices sort strconv strings time unicode/... github.com/asynkron/... github.com/coder/websocket/... github.com/go-json-experiment/... \
	modernc.org/libc/... modernc.org/sqlite/... \
	$(addprefix github.com/clawdbot/gateway/,actors $(addprefix actors/,agent conn eventstream health metrics modelrun presence session store) \
	transport/request transport/wire transport/ws)
GCFLAGS := -gcflags=all=-l $(foreach p,$(HOT),-gcflags=$(p)=)
endif

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## build, then run the gateway in the foreground
	bin/clawdbot gateway

a2ui: ## bundle the A2UI renderer with npm, where there is one; part of build and test
	@.ci/a2ui

build: a2ui $(PREPARE) ## bin/clawdbot: static, stripped; TAGS=slim is for small computers (docs/packages.md), TAGS=nowhatsapp is without WhatsApp and its GPL code, TAGS='nocoders nomcp nobrowser nojs notui nozones' without one thing each
	CGO_ENABLED=0 $(GO) build $(LESS) -tags '$(TAGS) $(GOTAGS)' -trimpath $(GCFLAGS) -ldflags '$(LDFLAGS)' -o $(OUT) ./cmd/clawdbot

prepare:
	@target="$$($(GO) env GOOS GOARCH)" && GOOS= GOARCH= $(GO) run ./cmd/slim $$target

test: ## everything that CI runs
	.ci/step deps .ci/deps
	.ci/step a2ui .ci/a2ui --must
	.ci/step check $(MAKE) check
	.ci/step slim $(MAKE) slim
	CLAWDBOT_REQUIRE_BROWSER=$$(.ci/browser) CLAWDBOT_REQUIRE_A2UI=$$([ -f canvas/assets/bin/a2ui.bundle.js.gz ] && echo 1) .ci/step "Go tests" .ci/gotest
	.ci/step TypeScript .ci/typescript
	.ci/step examples .ci/examples

series: a2ui ## all Go tests under the race detector, ten times in a row (RUNS=10), over an hour: the measure before a release
	.ci/series $${RUNS:-10}

slim: ## bin/slim/clawdbot, as TAGS=slim makes it: how large it is, and the tests of what is different in it
	@$(MAKE) --no-print-directory TAGS=slim OUT=bin/slim/clawdbot build try-slim

try-slim:
	TAGS='$(TAGS) $(GOTAGS)' GCFLAGS='$(GCFLAGS)' .ci/slim

check: ## formatting, vet, lint, generated files, import table, names that must not appear
	LDFLAGS='$(LDFLAGS)' .ci/check

generate: ## JSON Schema, docs/protocol.md, Swift and TypeScript models from the Go types
	$(GO) generate ./...

bench: build ## figures of docs/performance.md, beside a bare server in the same run
	$(GO) run ./cmd/bench
	$(GO) test -run '^$$' -bench 'List|History|Delete' ./actors/session

fuzz: ## every fuzz target for a while (FUZZTIME=30s)
	.ci/fuzz

live: ## ask real models a few questions, which costs what they cost: MODELS='anthropic/claude-haiku-4-5 ollama/qwen3', keys from the environment
	@[ -n '$(MODELS)' ] || { echo "which models? make live MODELS='provider/model ...', see docs/models.md"; exit 2; }
	CLAWDBOT_LIVE_MODELS='$(MODELS)' $(GO) test -count=1 -v -timeout 1h -run '^TestBrain_live$$' ./cmd/clawdbot

soak: build ## an hour of mixed load, watching memory (SOAK=1h)
	$(GO) run ./cmd/bench -soak $${SOAK:-1h}

crash: ## the full kill -9 test, and a process that stands still for a minute
	CLAWDBOT_CRASH_FULL=1 $(GO) test -count=1 -timeout 30m -v -run Kill ./actors/gateway/crashtest
	CLAWDBOT_CRASH_FULL=1 $(GO) test -count=1 -timeout 30m -v -run Stopped ./cmd/clawdbot

dist: ## what is passed on, in dist/: archives, deb, rpm, licences, bills of materials; ARGS=--twice proves that it is reproducible
	.ci/a2ui --must
	GO='$(GO)' LDFLAGS='$(LDFLAGS)' GCFLAGS='$(GCFLAGS)' .ci/dist $(ARGS)

packages: ## try the deb and the rpm of dist/, as root: install, run, upgrade, remove
	.ci/packages

image: ## a container image of what is in dist/; ARGS=--try runs it
	.ci/image $(ARGS)

screenshots: ## the pictures of docs/, and the whole page in light, dark and phone width into bin/screenshots
	CLAWDBOT_REQUIRE_BROWSER=1 WEB_PICTURES=$(CURDIR)/docs WEB_SCREENSHOTS=$(CURDIR)/bin/screenshots $(GO) test -count=1 -run 'Test(Pictures|Screenshots|Views)$$' ./transport/web
