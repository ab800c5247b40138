// Package kdump reads kernel dumps in the kdump-compressed (diskdump) format, and files that makedumpfile flattened.
package kdump
