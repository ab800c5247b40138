package python

import (
	"path/filepath"
	"strconv"
	"testing"
)

// Functions have the parameters of the interface: names, kinds and defaults; each has a text for help().
func TestSignatures(t *testing.T) {
	path, err := filepath.Abs(filepath.Join("testdata", "signatures.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if out := script(t, false, "PATH = "+strconv.Quote(path)+signaturesScript); out != "" {
		t.Error("\n" + out)
	}
}

const signaturesScript = `
import importlib, inspect, re

kinds = {"POSITIONAL_ONLY": "po", "POSITIONAL_OR_KEYWORD": "pk", "VAR_POSITIONAL": "va", "KEYWORD_ONLY": "ko", "VAR_KEYWORD": "vk"}
for line in open(PATH):
    if line.startswith("#"):
        continue
    name, want = line.rstrip("\n").split("\t")
    module, member = re.fullmatch(r"([a-z_.]+)\.((?:[A-Z]\w*\.)?\w+)", name).groups()
    try:
        f = importlib.import_module(module)
        for part in member.split("."):
            f = getattr(f, part)
        params = [p for p in inspect.signature(f).parameters.values() if p.name not in ("self", "cls")]
    except (ImportError, AttributeError, ValueError) as e:
        print(f"{name}: {e!r}")
        continue
    got = ", ".join(f"{p.name}:{kinds[p.kind.name]}" + ("" if p.default is p.empty else f"={p.default!r}") for p in params)
    if got.startswith("prog:pk=None"):  # the default program
        got = got.replace("=None", "", 1)
    if name == "drgn.Object.format_":
        got = got.removesuffix(", human:ko=None")  # more than the interface has
    if got != want:
        print(f"{name}({got}); want ({want})")
    if not f.__doc__:
        print(f"{name} has no help")
`
