// Package kconfig reads the options that the kernel was built with.
package kconfig

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/godrgn/drgn"
)

// Bounds on the configuration: a kernel's is a few hundred kilobytes.
const (
	maxCompressed = 16 << 20
	maxText       = 64 << 20
)

// A Config is the options that the kernel was built with, in the order of its configuration file.
//
//drgn:dict
type Config []Option

// An Option is an option that is set.
type Option struct {
	Name  string // "CONFIG_SMP"
	Value string // as it is written: y, m, a number, or a string in quotes
}

type configKey struct{}

// A NotBuiltInError says that the kernel does not know the options it was built with.
type NotBuiltInError struct{}

func (*NotBuiltInError) Error() string {
	return "kernel configuration data not found; kernel must be compiled with CONFIG_IKCONFIG"
}

// LookupFailed marks the error as one of what is not there.
func (*NotBuiltInError) LookupFailed() {}

// Get returns the options that the kernel was built with, which it knows if it was built with CONFIG_IKCONFIG; else it
// is a *[NotBuiltInError].
//
//drgn:helper get_kconfig -> Mapping[str, str]
func Get(p *drgn.Program) (Config, error) {
	return drgn.Memo(p, configKey{}, func() (Config, error) {
		data, err := compressed(p)
		if err != nil {
			return nil, err
		}
		return parse(data)
	})
}

// compressed returns the configuration as the kernel holds it.
func compressed(p *drgn.Program) ([]byte, error) {
	start, err := p.Symbol("kernel_config_data")
	if err != nil {
		if drgn.IsNotFound(err) {
			err = &NotBuiltInError{}
		}
		return nil, err
	}
	// Between two symbols since v5.1, commit 13610aa908dc; before, one array with marks at its ends.
	end, err := p.Symbol("kernel_config_data_end")
	if err != nil && !drgn.IsNotFound(err) {
		return nil, err
	}
	old := err != nil
	size := end.Address - start.Address
	if old {
		size = start.Size
	}
	if size > maxCompressed {
		return nil, fmt.Errorf("kernel configuration of %d bytes is not understood", size)
	}
	data, err := p.Read(start.Address, size, false)
	if err != nil || !old {
		return data, err
	}
	data = bytes.TrimRight(data, "\x00")
	data, ok1 := bytes.CutPrefix(data, []byte("IKCFG_ST"))
	data, ok2 := bytes.CutSuffix(data, []byte("IKCFG_ED"))
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("kernel configuration at %#x is not understood", start.Address)
	}
	return data, nil
}

func parse(data []byte) (Config, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("kernel configuration: %w", err)
	}
	z.Multistream(false)
	var config Config
	lines := bufio.NewScanner(io.LimitReader(z, maxText))
	lines.Buffer(nil, maxText)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			config = append(config, Option{name, value})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("kernel configuration: %w", err)
	}
	return config, nil
}
