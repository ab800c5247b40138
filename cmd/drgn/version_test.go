package main

import (
	"runtime/debug"
	"testing"
)

// A program says which version it is and what it was built from, however it was built.
func TestOrigin(t *testing.T) {
	const hash = "5aad2bc4e43f1234567890123456789012345678"
	for _, test := range []struct {
		name, module, revision, modified string
		version, commit                  string
	}{
		{"nothing known", "", "", "", development, ""},
		{"tests", "(devel)", "", "", development, ""},
		{"go install of a tag", "v0.3.1", "", "", "0.3.1", ""},
		{"go install of a tag for trying", "v1.0.0-rc.1", "", "", "1.0.0-rc.1", ""},
		{"go install of a branch", "v0.0.0-20261129163950-5aad2bc4e43f", "", "", development, "5aad2bc4e43f"},
		{"go install of a branch after a tag", "v0.3.2-0.20261129163950-5aad2bc4e43f", "", "", development, "5aad2bc4e43f"},
		{"after a tag for trying", "v1.0.0-rc.1.0.20261129163950-5aad2bc4e43f", "", "", development, "5aad2bc4e43f"},
		{"a checkout", "v0.0.0-20261129163950-5aad2bc4e43f", hash, "false", development, "5aad2bc4e43f"},
		{"a checkout of a tag", "v0.3.1", hash, "false", "0.3.1", "5aad2bc4e43f"},
		{"a checkout with changes", "v0.3.1+dirty", hash, "true", "0.3.1", "5aad2bc4e43f, changed"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: test.module}}
		if test.revision != "" {
			info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: test.revision}, {Key: "vcs.modified", Value: test.modified}}
		}
		if version, commit := origin(info, test.name != "nothing known"); version != test.version || commit != test.commit {
			t.Errorf("%s: %q, %q; want %q, %q", test.name, version, commit, test.version, test.commit)
		}
	}
}
