package crash

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bpf"
	"github.com/godrgn/drgn/linux/timekeeping"
)

var bpfCommand = Command{
	Name:        "bpf",
	Description: "programs and maps of eBPF",
	Arguments: []Argument{
		{Names: []string{"-p"}, Meta: "PROG_ID", Value: One, Check: isDecimal, Help: "more about the program of this ID"},
		{Names: []string{"-m"}, Meta: "MAP_ID", Value: One, Check: isDecimal, Help: "more about the map of this ID"},
		{Names: []string{"-s"}, Help: "with -p or -m, also the structures"},
		{Names: []string{"-x"}, Help: "integers of the structures in hexadecimal"},
		{Names: []string{"-d"}, Help: "integers of the structures in decimal"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		switch {
		case c.Has("--drgn"):
			return c.code(bpfCode)
		case c.Has("-p"):
			return bpfOneProgram(c)
		case c.Has("-m"):
			return bpfOneMap(c)
		}
		g := programGrid()
		for p, err := range bpf.ForEachProgram(c.Prog) {
			if err := c.next(err); err != nil {
				return err
			}
			row, err := programRow(p)
			if err != nil {
				return err
			}
			g.add(row...)
		}
		g.print(c)
		c.print("\n")
		m := mapGrid()
		for o, err := range bpf.ForEachMap(c.Prog) {
			if err := c.next(err); err != nil {
				return err
			}
			row, err := mapRow(o)
			if err != nil {
				return err
			}
			m.add(row...)
		}
		m.print(c)
		return nil
	},
}

func programGrid() grid {
	return grid{align: ">^^^^<", header: []string{"ID", "BPF_PROG", "BPF_PROG_AUX", "BPF_PROG_TYPE", "TAG", "USED_MAPS"}}
}

func mapGrid() grid {
	return grid{align: ">^^^", header: []string{"ID", "BPF_MAP", "BPF_MAP_TYPE", "MAP_FLAGS"}}
}

// enumName returns the name of an enumeration's value without what all of them begin with.
func enumName(o drgn.Object, prefix string) (string, error) {
	v, err := o.Uint()
	if err != nil {
		return "", err
	}
	all, err := o.Type().Enumerators()
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if uint64(e.Value) == v {
			return strings.TrimPrefix(e.Name, prefix), nil
		}
	}
	return fmt.Sprint(v), nil
}

func programRow(p drgn.Object) ([]string, error) {
	at, err := p.Uint()
	if err != nil {
		return nil, err
	}
	aux := p.Member("aux").Read()
	auxAt, err := aux.Uint()
	if err != nil {
		return nil, err
	}
	id, err := aux.Member("id").Uint()
	if err != nil {
		return nil, err
	}
	kind, err := enumName(p.Member("type"), "BPF_PROG_TYPE_")
	if err != nil {
		return nil, err
	}
	tag, err := p.Member("tag").Bytes()
	if err != nil {
		return nil, err
	}
	var maps []string
	for m, err := range bpf.UsedMaps(p) {
		if err != nil {
			return nil, err
		}
		n, err := m.Member("id").Uint()
		if err != nil {
			return nil, err
		}
		maps = append(maps, fmt.Sprint(n))
	}
	return []string{fmt.Sprint(id), fmt.Sprintf("%x", at), fmt.Sprintf("%x", auxAt), kind, hex.EncodeToString(tag), strings.Join(maps, ",")}, nil
}

func mapRow(m drgn.Object) ([]string, error) {
	var v [3]uint64
	for i, o := range []drgn.Object{m, m.Member("id"), m.Member("map_flags")} {
		var err error
		if v[i], err = o.Uint(); err != nil {
			return nil, err
		}
	}
	kind, err := enumName(m.Member("map_type"), "BPF_MAP_TYPE_")
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprint(v[1]), fmt.Sprintf("%x", v[0]), kind, fmt.Sprintf("%08x", v[2])}, nil
}

func bpfOneProgram(c *Call) error {
	id, _ := number(c.Text("-p"))
	p := bpf.ProgramByID(c.Prog, id)
	null, err := p.IsNull()
	if err != nil {
		return err
	}
	if null {
		c.missing("invalid BPF program ID: %d", id)
		return nil
	}
	row, err := programRow(p)
	if err != nil {
		return err
	}
	g := programGrid()
	g.add(row...)
	g.print(c)
	var v [4]uint64
	aux := p.Member("aux")
	for i, o := range []drgn.Object{p.Member("len"), p.Member("jited_len"), p.Member("gpl_compatible"), aux.Member("load_time")} {
		if v[i], err = o.Uint(); err != nil {
			return err
		}
	}
	name, err := aux.Member("name").CString()
	if err != nil {
		return err
	}
	uid, err := aux.Member("user").Member("uid").Member("val").Uint()
	owner := fmt.Sprint(uid)
	if err != nil {
		owner = "(unknown)"
	}
	loaded := "(unknown)"
	if boot, err := timekeeping.CoarseBoottimeNS(c.Prog).Int(); err == nil {
		if now, err := timekeeping.RealSeconds(c.Prog).Int(); err == nil {
			loaded = time.Unix(now-(boot-int64(v[3]))/1e9, 0).UTC().Format("Mon Jan _2 15:04:05 UTC 2006")
		}
	}
	c.printf("     XLATED: %d  JITED: %d  NAME: \"%s\"  UID: %s\n     LOAD_TIME: %s\n     GPL_COMPATIBLE: %s\n", v[0]*8, v[1], escape(name, `"`), owner, loaded,
		map[bool]string{true: "yes", false: "no"}[v[2] != 0])
	if c.Has("-s") {
		c.print("\n")
		if err := c.show(p.Deref(), nil, ""); err != nil {
			return err
		}
		c.print("\n")
		return c.show(aux.Deref(), nil, "")
	}
	return nil
}

func bpfOneMap(c *Call) error {
	id, _ := number(c.Text("-m"))
	m := bpf.MapByID(c.Prog, id)
	null, err := m.IsNull()
	if err != nil {
		return err
	}
	if null {
		c.missing("invalid BPF map ID: %d", id)
		return nil
	}
	row, err := mapRow(m)
	if err != nil {
		return err
	}
	g := mapGrid()
	g.add(row...)
	g.print(c)
	var v [3]uint64
	for i, member := range []string{"key_size", "value_size", "max_entries"} {
		if v[i], err = m.Member(member).Uint(); err != nil {
			return err
		}
	}
	name, err := m.Member("name").CString()
	if err != nil {
		return err
	}
	owner := "(unused)" // since 5.11 (commit 80ee81e0403c) memory is charged to control groups
	if uid, err := m.Member("memory").Member("user").Member("uid").Member("val").Uint(); err == nil {
		owner = fmt.Sprint(uid)
	}
	c.printf("     KEY_SIZE: %d  VALUE_SIZE: %d  MAX_ENTRIES: %d     NAME: \"%s\"  UID: %s\n", v[0], v[1], v[2], escape(name, `"`), owner)
	if c.Has("-s") {
		c.print("\n")
		return c.show(m.Deref(), nil, "")
	}
	return nil
}

func bpfCode(b *builder) error {
	b.from("drgn.helpers.linux.bpf", "bpf_map_for_each", "bpf_prog_for_each", "bpf_prog_used_maps")
	b.open("for bpf_prog in bpf_prog_for_each():")
	b.line("aux = bpf_prog.aux\nprog_id = aux.id\nprog_type = bpf_prog.type\ntag = bpf_prog.tag\nfor used_map in bpf_prog_used_maps(bpf_prog):\n    map_id = used_map.id")
	b.close()
	b.line("for bpf_map in bpf_map_for_each():\n    map_id = bpf_map.id\n    map_type = bpf_map.map_type\n    map_flags = bpf_map.map_flags")
	return nil
}
