# What a release consists of, by the names that packagers type; docs/RELEASING.md has the rest.
release:
	go run ./release programs wheel
wheel:
	go run ./release wheel
.PHONY: release wheel
