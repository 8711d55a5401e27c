// Command typecheck reads the program as other systems would build it, and says what does not compile there: in seconds,
// where building it takes minutes: go run -C tools ./typecheck SYSTEM...
package main

import (
	"fmt"
	"os"

	"golang.org/x/tools/go/packages"
)

func main() {
	wrong := false
	for _, system := range os.Args[1:] {
		roots, err := packages.Load(&packages.Config{
			Dir: "..",
			Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
				packages.NeedTypes | packages.NeedSyntax, // with NeedDeps: everything is read, nothing compiled
			Env: append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0"),
		}, "./cmd/clawdbot")
		if err == nil && len(roots) != 1 {
			err = fmt.Errorf("there are %d packages, not one", len(roots))
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "typecheck %s: %v\n", system, err)
			os.Exit(1)
		}
		packages.Visit(roots, nil, func(p *packages.Package) {
			for _, e := range p.Errors {
				wrong = true
				fmt.Fprintf(os.Stderr, "%s: %v\n", system, e)
			}
		})
	}
	if wrong {
		os.Exit(1)
	}
}
