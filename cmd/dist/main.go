package main

import (
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: dist licences [-npm DIR] BINARY... | dist sbom [-name NAME] [-version V] BINARY | dist zip DIR")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	npm := flags.String("npm", "", "directory of an npm package whose dependencies are bundled into the binary")
	name := flags.String("name", "clawdbot", "of the program")
	version := flags.String("version", "dev", "of the program")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch {
	case args[0] == "licences" && flags.NArg() > 0:
		all, err := licencesOf(flags.Args(), *npm)
		if err != nil {
			return err
		}
		return writeLicences(out, all)
	case args[0] == "sbom" && flags.NArg() == 1:
		return sbomOf(out, flags.Arg(0), *name, *version)
	case args[0] == "zip" && flags.NArg() == 1:
		at, err := epoch()
		if err != nil {
			return err
		}
		return zipOf(out, flags.Arg(0), at)
	}
	return fmt.Errorf("usage: dist licences [-npm DIR] BINARY..., dist sbom BINARY, or dist zip DIR; got %q", args)
}

// component is something that is linked or bundled into a binary.
type component struct {
	kind    string // "golang" or "npm", as package URLs have it
	name    string
	version string
	sum     string // as go.sum has it
	licence string // SPDX id
	files   []file // the licence, and what belongs to it
}

type file struct {
	name string
	text []byte
}

// modules are those that a binary was built from, but for its own.
func modules(info *debug.BuildInfo) (all []component) {
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		all = append(all, component{kind: "golang", name: m.Path, version: m.Version, sum: m.Sum})
	}
	return all
}

// licencesOf are the components of some binaries together, with their licences, by kind and name.
func licencesOf(binaries []string, npm string) ([]component, error) {
	var all []component
	for _, path := range binaries {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, modules(info)...)
	}
	sortComponents(all)
	all = slices.CompactFunc(all, func(a, b component) bool { return a.name == b.name && a.version == b.version })
	if err := addLicences(all); err != nil {
		return nil, err
	}
	bundled, err := npmComponents(npm)
	if err != nil {
		return nil, err
	}
	library, err := standardLibrary()
	if err != nil {
		return nil, err
	}
	return append(append([]component{library}, all...), bundled...), nil
}

func sortComponents(all []component) {
	slices.SortFunc(all, func(a, b component) int { return strings.Compare(a.name+"@"+a.version, b.name+"@"+b.version) })
}

// writeLicences writes them one after the other, with a list in front.
func writeLicences(out io.Writer, all []component) error {
	var b strings.Builder
	b.WriteString("This program contains the following, under the licences that follow.\n\n")
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s: %s\n", c.name, c.version, c.licence)
	}
	for _, c := range all {
		for _, f := range c.files {
			fmt.Fprintf(&b, "\n%s\n%s %s, %s\n%s\n\n%s\n", strings.Repeat("=", 100), c.name, c.version, f.name, strings.Repeat("=", 100), strings.TrimSpace(string(f.text)))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
