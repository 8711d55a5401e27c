package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// bom is a bill of materials in the form of CycloneDX 1.6.
type bom struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []bomPart    `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string  `json:"timestamp"`
	Component bomPart `json:"component"`
}

type bomPart struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Hashes     []bomHash  `json:"hashes,omitempty"`
	Licences   []bomTerms `json:"licenses,omitempty"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type bomHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type bomTerms struct {
	Licence struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// sbomOf writes the bill of materials of one binary. The same binary gives the same bytes: its time is SOURCE_DATE_EPOCH, its
// serial number comes from the binary's hash.
func sbomOf(out io.Writer, path, name, version string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	parts, err := licencesOf([]string{path}, "")
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	at, err := epoch()
	if err != nil {
		return err
	}
	program := bomPart{
		Type: "application", Name: name, Version: version, PURL: purl("golang", info.Main.Path, version),
		Hashes: []bomHash{{"SHA-256", hex.EncodeToString(sum[:])}}, Licences: terms("MIT"),
		Properties: []property{{"go:version", info.GoVersion}},
	}
	program.Ref = program.PURL
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "CGO_ENABLED", "-tags":
			program.Properties = append(program.Properties, property{"go:" + strings.TrimPrefix(s.Key, "-"), s.Value})
		}
	}
	b := bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1,
		SerialNumber: "urn:uuid:" + uuidOf(sum), Metadata: metadata{at.UTC().Format(time.RFC3339), program},
	}
	uses := dependency{Ref: program.Ref}
	for _, c := range parts {
		p := bomPart{Type: "library", Name: c.name, Version: c.version, PURL: purl(c.kind, c.name, c.version), Licences: terms(c.licence)}
		p.Ref = p.PURL
		if c.sum != "" {
			p.Properties = []property{{"go:sum", c.sum}}
		}
		b.Components = append(b.Components, p)
		uses.DependsOn = append(uses.DependsOn, p.Ref)
	}
	b.Dependencies = []dependency{uses}
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(b)
}

func terms(id string) []bomTerms {
	var t bomTerms
	t.Licence.ID = id
	return []bomTerms{t}
}

// purl is the package URL: names of Go modules are in small letters there.
func purl(kind, name, version string) string {
	if kind == "golang" {
		name = strings.ToLower(name)
	}
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(parts[i]), "@", "%40")
	}
	return "pkg:" + kind + "/" + strings.Join(parts, "/") + "@" + url.QueryEscape(version)
}

// uuidOf makes a UUID (version 8, of our own making) from a hash.
func uuidOf(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// epoch is SOURCE_DATE_EPOCH, the time that a reproducible build goes by; without one it is the beginning of 1970.
func epoch() (time.Time, error) {
	s := os.Getenv("SOURCE_DATE_EPOCH")
	if s == "" {
		return time.Unix(0, 0), nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(n, 0), nil
}
