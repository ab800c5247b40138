package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A bill is a bill of materials in the format CycloneDX 1.6: what a program is made of, with versions and licences.
type bill struct {
	Schema       string      `json:"$schema"`
	Format       string      `json:"bomFormat"`
	SpecVersion  string      `json:"specVersion"`
	SerialNumber string      `json:"serialNumber"`
	Version      int         `json:"version"`
	Metadata     about       `json:"metadata"`
	Components   []component `json:"components"`
}

type about struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licences []licence `json:"licenses"`
	PURL     string    `json:"purl"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licence struct {
	Expression string `json:"expression"`
}

// terms are the licences of modules that the program is built from, as SPDX names them. NOTICE has the whole story.
var terms = map[string]string{
	"github.com/anchore/go-lzo":              "MIT",
	"github.com/google/go-dap":               "Apache-2.0",
	"github.com/google/jsonschema-go":        "MIT",
	"github.com/ianlancetaylor/demangle":     "BSD-3-Clause",
	"github.com/klauspost/compress":          "BSD-3-Clause AND MIT AND Apache-2.0",
	"github.com/modelcontextprotocol/go-sdk": "Apache-2.0 AND MIT",
	"github.com/segmentio/asm":               "MIT",
	"github.com/segmentio/encoding":          "MIT",
	"github.com/spf13/pflag":                 "BSD-3-Clause",
	"github.com/ulikunitz/xz":                "BSD-3-Clause",
	"github.com/yosida95/uritemplate/v3":     "BSD-3-Clause",
	"golang.org/x/arch":                      "BSD-3-Clause",
	"golang.org/x/oauth2":                    "BSD-3-Clause",
	"golang.org/x/sync":                      "BSD-3-Clause",
	"golang.org/x/sys":                       "BSD-3-Clause",
	"golang.org/x/time":                      "BSD-3-Clause",
}

var packedPython = regexp.MustCompile(`(?m)^\s*github\.com/kluctl/go-embed-python v0\.0\.0-(\d+\.\d+\.\d+)-`)

// billOfMaterials says what a program contains: modules, as its build information has them, Go's library, and CPython.
func billOfMaterials(src source, program string) ([]byte, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	mod, err := os.ReadFile(filepath.Join(src.root, "go.mod"))
	if err != nil {
		return nil, err
	}
	python := packedPython.FindSubmatch(mod)
	if python == nil {
		return nil, fmt.Errorf("go.mod does not say which CPython is packed")
	}
	made := func(kind, name, version, purl, terms string) component {
		return component{Type: kind, Ref: purl, Name: name, Version: version, PURL: purl, Licences: []licence{{terms}}}
	}
	sum := sha256.Sum256(content)
	version := src.fileVersion()
	b := bill{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		SerialNumber: uuid(sum),
		Metadata:     about{src.time.Format(time.RFC3339), made("application", "godrgn", version, "pkg:golang/github.com/godrgn/drgn@v"+version+"#cmd/drgn", "Apache-2.0")},
	}
	b.Metadata.Component.Hashes = []hash{{"SHA-256", fmt.Sprintf("%x", sum)}}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = append(b.Components,
		made("library", "std", goVersion, "pkg:golang/std@"+goVersion, "BSD-3-Clause"),
		made("framework", "cpython", string(python[1]), "pkg:generic/cpython@"+string(python[1]), "Python-2.0"))
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		t, ok := terms[d.Path]
		if !ok {
			return nil, fmt.Errorf("the licence of %s is not known: add it to terms and to NOTICE", d.Path)
		}
		b.Components = append(b.Components, made("library", d.Path, d.Version, "pkg:golang/"+d.Path+"@"+d.Version, t))
	}
	out, err := json.MarshalIndent(b, "", "  ")
	return append(out, '\n'), err
}

// uuid returns a UUID made of a hash (RFC 9562, version 8): the same program has the same.
func uuid(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
