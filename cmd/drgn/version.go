package main

import (
	"regexp"
	"runtime/debug"
	"strings"
)

// development is the version that a program is called by that was built from no release.
const development = "0.1.0"

// version is the program's own, commit says what it was built from: "" if that is not known.
var version, commit = origin(debug.ReadBuildInfo())

// pseudo is a version that Go makes of a commit: v0.0.0-20261129163950-5aad2bc4e43f, also with a tag before it.
var pseudo = regexp.MustCompile(`[-.](?:0\.)?\d{14}-([0-9a-f]{12})$`)

// origin returns the version and the commit that build information tells: of a checkout, or of the module that "go install" got.
func origin(info *debug.BuildInfo, ok bool) (version, commit string) {
	version = development
	if !ok {
		return version, ""
	}
	tag, dirty := strings.CutSuffix(info.Main.Version, "+dirty")
	if m := pseudo.FindStringSubmatch(tag); m != nil {
		commit = m[1]
	} else if rest, ok := strings.CutPrefix(tag, "v"); ok {
		version = rest
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) > 12:
			commit = s.Value[:12]
		case s.Key == "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty && commit != "" {
		commit += ", changed"
	}
	return version, commit
}
