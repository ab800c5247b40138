package qmp

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A message is what QEMU says after its greeting: an answer to a command, or an event.
type message struct {
	ID     *uint64         `json:"id"`
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
}

// shownText is how much of a malformed line is shown.
const shownText = 60

func parseMessage(line []byte) (*message, error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return nil, notJSON(line, err)
	}
	kinds := 0
	for _, there := range []bool{m.Return != nil, m.Error != nil, m.Event != ""} {
		if there {
			kinds++
		}
	}
	if kinds != 1 {
		return nil, fmt.Errorf("%s is neither an answer nor an event", shown(line))
	}
	return &m, nil
}

// A greeting is the first thing that QEMU says.
type greeting struct {
	Version struct {
		QEMU struct {
			Major, Minor, Micro int
		} `json:"qemu"`
		Package string `json:"package"`
	} `json:"version"`
	Capabilities []json.RawMessage `json:"capabilities"`
}

func parseGreeting(line []byte) (*greeting, error) {
	var m struct {
		QMP *greeting `json:"QMP"`
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return nil, notJSON(line, err)
	}
	if m.QMP == nil {
		return nil, fmt.Errorf("it greets with %s", shown(line))
	}
	return m.QMP, nil
}

func notJSON(line []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("it says %s", shown(line))
	}
	return err
}

// shown quotes the start of a line.
func shown(line []byte) string {
	if len(line) <= shownText {
		return fmt.Sprintf("%q", line)
	}
	cut := shownText
	for cut > 0 && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", line[:cut])
}
