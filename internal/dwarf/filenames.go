package dwarf

import (
	"path"

	"github.com/godrgn/drgn/internal/bin"
)

// lineFiles is the file table of a line program's header (DWARF 5, section 6.2.4), names unresolved: the indexing pass
// reads one for each unit and needs few of the names.
type lineFiles struct {
	dirs, files []lineFile
	first       uint64 // number of files[0]: 1 before DWARF 5, 0 since
}

type lineFile struct {
	form Form
	ref  uint64 // offset of the name in its section; index for DW_FORM_strx
	text []byte // of DW_FORM_string
	dir  uint64
}

// maxEntryFormats bounds the fields of an entry; the specification has five.
const maxEntryFormats = 32

// decode reads the header at off, reusing t's arrays, and returns how many bytes it has.
func (t *lineFiles) decode(p *part, big bool, off uint64) (uint64, error) {
	t.dirs, t.files, t.first = t.dirs[:0], t.files[:0], 1
	c := bin.New(".debug_line", p.sec.Line, big)
	c.Seek(off)
	n, offSize := initialLength(&c)
	if n > uint64(c.Len()) {
		c.Fail("line program of %#x bytes, %#x left", n, c.Len())
	}
	if c.Err() != nil {
		return 0, c.Err()
	}
	end := c.Off + int(n)
	c.Data = c.Data[:end:end]
	version := c.U16()
	if c.Err() == nil && (version < 2 || version > 5) {
		c.Fail("line program of version %d is not supported", version)
	}
	if version >= 5 {
		c.Skip(2)
	}
	c.Uint(int(offSize)) // header length
	c.Skip(4)            // minimum_instruction_length, …, line_range
	if version >= 4 {
		c.Skip(1) // maximum_operations_per_instruction
	}
	opcodeBase := c.U8()
	if opcodeBase > 0 {
		c.Skip(uint64(opcodeBase) - 1)
	}
	if version >= 5 {
		t.first = 0
		t.dirs = t.entries(&c, t.dirs, offSize)
		t.files = t.entries(&c, t.files, offSize)
		return uint64(c.Off) - off, c.Err()
	}
	t.dirs = append(t.dirs, lineFile{form: FormString})
	for c.Err() == nil {
		name := c.CString()
		if len(name) == 0 {
			break
		}
		t.dirs = append(t.dirs, lineFile{form: FormString, text: name})
	}
	for c.Err() == nil {
		name := c.CString()
		if len(name) == 0 {
			break
		}
		e := lineFile{form: FormString, text: name, dir: c.ULEB128()}
		c.ULEB128() // time
		c.ULEB128() // length
		t.files = append(t.files, e)
	}
	return uint64(c.Off) - off, c.Err()
}

func (t *lineFiles) entries(c *bin.Cursor, to []lineFile, offSize uint8) []lineFile {
	type format struct {
		content uint64
		form    Form
	}
	var formats [maxEntryFormats]format
	n := int(c.U8())
	if n > maxEntryFormats {
		c.Fail("%d fields in an entry", n)
		return to
	}
	for i := range n {
		formats[i] = format{c.ULEB128(), Form(c.ULEB128())}
	}
	count := c.ULEB128()
	if c.Err() == nil && count > uint64(c.Len()) {
		c.Fail("%d entries in %d bytes", count, c.Len())
	}
	if n == 0 {
		count = 0
	}
	for range count {
		if c.Err() != nil {
			break
		}
		var e lineFile
		for _, f := range formats[:n] {
			var v uint64
			var text []byte
			switch f.form {
			case FormString:
				text = c.CString()
			case FormLineStrp, FormStrp, FormStrpSup, FormSecOffset:
				v = c.Uint(int(offSize))
			case FormUdata, FormStrx:
				v = c.ULEB128()
			case FormData1, FormStrx1:
				v = uint64(c.U8())
			case FormData2, FormStrx2:
				v = uint64(c.U16())
			case FormStrx3:
				v = c.Uint(3)
			case FormData4, FormStrx4:
				v = uint64(c.U32())
			case FormData8:
				v = c.U64()
			case FormData16:
				c.Skip(16)
			case FormBlock:
				c.Skip(c.ULEB128())
			default:
				c.Fail("unknown form %#x in the table of files", uint16(f.form))
			}
			switch f.content {
			case 1: // DW_LNCT_path
				e.form, e.ref, e.text = f.form, v, text
			case 2: // DW_LNCT_directory_index
				e.dir = v
			}
		}
		to = append(to, e)
	}
	return to
}

// get returns the entry with a number, as DW_AT_decl_file holds it, and that of its directory.
func (t *lineFiles) get(number uint64) (file, dir lineFile, ok bool) {
	if number-t.first >= uint64(len(t.files)) {
		return lineFile{}, lineFile{}, false
	}
	file = t.files[number-t.first]
	if file.dir < uint64(len(t.dirs)) {
		dir = t.dirs[file.dir]
	}
	return file, dir, true
}

// fullPath puts a name together from what the unit and its line program say.
func (u *Unit) fullPath(file, dir lineFile) (string, error) {
	info, err := u.Info()
	if err != nil {
		return "", err
	}
	name, err := u.text(Value{Form: file.form, u: file.ref, b: file.text})
	if err != nil || path.IsAbs(name) {
		return path.Clean(name), err
	}
	d, err := u.text(Value{Form: dir.form, u: dir.ref, b: dir.text})
	if err != nil {
		return "", err
	}
	if !path.IsAbs(d) && d != info.CompDir {
		d = path.Join(info.CompDir, d)
	}
	return path.Join(d, name), nil
}
