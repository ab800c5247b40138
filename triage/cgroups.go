package triage

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cgroup"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/types"
)

var groups = topic{"cgroups", "Control groups and pressure", "how much tasks wait for CPUs, memory and I/O, control groups with their memory, limits and OOM kills", lookAtGroups}

func lookAtGroups(s *scene, out *book) error {
	lookAtPressure(s, out)
	lookAtMemoryGroups(s, out)
	return context.Cause(s.ctx)
}

// pressures are the rows of psi_group.avg that are shown, by their names in enum psi_states.
var pressures = []struct{ name, title string }{
	{"PSI_CPU_SOME", "CPU, some"}, {"PSI_MEM_SOME", "memory, some"}, {"PSI_MEM_FULL", "memory, all"}, {"PSI_IO_SOME", "I/O, some"}, {"PSI_IO_FULL", "I/O, all"},
}

// fixedOne is 1 % in the averages of struct psi_group: FIXED_1 of include/linux/sched/loadavg.h.
const fixedOne = 1 << 11

func lookAtPressure(s *scene, out *book) {
	if !has(s.p, "psi_system") {
		return // without CONFIG_PSI
	}
	system := s.p.Variable("psi_system")
	if off, err := s.p.Variable("psi_enable").Bool(); err == nil && !off {
		return // it was not switched on
	}
	table := &report.Table{Columns: []report.Column{{Name: "Tasks that wait for"}, {Name: "10 s", Unit: report.Percent}, {Name: "60 s", Unit: report.Percent}, {Name: "300 s", Unit: report.Percent}}}
	for _, p := range pressures {
		row, err := s.p.Constant(p.name).Int()
		if err != nil {
			out.miss("pressure: "+p.title, err)
			continue
		}
		cells := []any{p.title}
		var averages [3]float64
		for i := range averages {
			v, err := averageOf(system.Member("avg"), row, int64(i)).Uint()
			if err != nil {
				out.miss("pressure: "+p.title, err)
				return
			}
			averages[i] = float64(v) / fixedOne
			cells = append(cells, averages[i])
		}
		table.Rows = append(table.Rows, cells)
		out.find(pressed(p.name, p.title, averages)...)
	}
	out.tabled("Pressure (PSI)", "how much of the time some tasks waited, or all that had something to do", table)
}

// averageOf returns an element of psi_group.avg, which BTF has as one array of all of them.
func averageOf(avg drgn.Object, row, i int64) drgn.Object {
	if of := avg.Index(row); of.Err() != nil || of.Type().Underlying().Kind() == types.Array {
		return of.Index(i)
	}
	return avg.Index(row*3 + i)
}

var pressureRule = rule{"pressure", report.Warning, "all tasks waited for memory for more than 10 %, or for I/O for more than 50 %, of the last 60 s", "the machine does nothing but wait in that time"}

// pressed says that tasks wait for memory or I/O.
func pressed(name, title string, averages [3]float64) []report.Finding {
	if !(name == "PSI_MEM_FULL" && averages[1] > 10 || name == "PSI_IO_FULL" && averages[1] > 50) {
		return nil
	}
	return []report.Finding{pressureRule.found([]string{fmt.Sprintf("%s: %.1f %% of 10 s, %.1f %% of 60 s, %.1f %% of 300 s", title, averages[0], averages[1], averages[2])}, "Tasks wait for %s", title)}
}

// A memoryGroup is a control group with its memory.
type memoryGroup struct {
	path         string
	usage, limit uint64 // in bytes; limit 0: none
	oom, kills   uint64
}

func lookAtMemoryGroups(s *scene, out *book) {
	if !has(s.p, "root_mem_cgroup") {
		return // without CONFIG_MEMCG
	}
	root := s.p.Variable("root_mem_cgroup")
	page, err := s.p.Object("PAGE_SIZE").Uint()
	if err != nil {
		out.miss("control groups", err)
		return
	}
	var all []memoryGroup
	each(out, "control groups", cgroup.ForEachDescendantPre(root.Member("css").AddressOf()), func(css drgn.Object) error {
		g, err := memoryGroupOf(s.p, css, page)
		if err == nil {
			all = append(all, g)
		}
		return err
	})
	slices.SortStableFunc(all, func(a, b memoryGroup) int { return cmp.Compare(b.usage, a.usage) })
	table := &report.Table{Columns: []report.Column{{Name: "Control group", Private: true}, {Name: "Memory", Unit: report.Bytes, Bar: true}, {Name: "Limit", Unit: report.Bytes}, {Name: "Out of memory"}, {Name: "OOM kills"}}}
	for _, g := range all {
		limit := any("none")
		if g.limit > 0 {
			limit = g.limit
		}
		table.Rows = append(table.Rows, []any{g.path, g.usage, limit, g.oom, g.kills})
		out.find(groupAtLimit(g)...)
	}
	out.tabled("Memory of control groups", "with those below them", table)
}

func memoryGroupOf(p *drgn.Program, css drgn.Object, page uint64) (g memoryGroup, err error) {
	path, err := cgroup.Path(css.Member("cgroup"))
	if err != nil {
		return g, err
	}
	g.path = string(path)
	group := drgn.Entry(css, "struct mem_cgroup", "css")
	usage, err := group.Member("memory").Member("usage").Member("counter").Int()
	if err != nil {
		return g, err
	}
	limit, err := group.Member("memory").Member("max").Uint()
	if err != nil {
		return g, err
	}
	g.usage = uint64(max(usage, 0)) * page
	// PAGE_COUNTER_MAX is LONG_MAX in pages on 64-bit machines, in bytes on others.
	if limit < 1<<40 && limit*page < 1<<52 && limit != 1<<31-1 && limit != (1<<31-1)/page {
		g.limit = limit * page
	}
	for _, e := range []struct {
		name string
		to   *uint64
	}{{"MEMCG_OOM", &g.oom}, {"MEMCG_OOM_KILL", &g.kills}} {
		i, err := p.Constant(e.name).Int()
		if err != nil {
			return g, err
		}
		if *e.to, err = group.Member("memory_events_local").Index(i).Member("counter").Uint(); err != nil {
			return g, err
		}
	}
	return g, nil
}

var groupRule = rule{"cgroup-limit", report.Warning, "a control group with an OOM kill, or within 2 % of its memory limit", "its tasks are killed, or wait for memory, though the machine has some"}

// groupAtLimit says that a control group has no memory left.
func groupAtLimit(g memoryGroup) []report.Finding {
	if g.kills == 0 && (g.limit == 0 || g.usage < g.limit-g.limit/50) {
		return nil
	}
	evidence := fmt.Sprintf("%s in use", report.Bytes.Format(g.usage))
	if g.limit > 0 {
		evidence += fmt.Sprintf(" of %s", report.Bytes.Format(g.limit))
	}
	found := groupRule.found([]string{fmt.Sprintf("%s: %s; out of memory %d times, %d killed", g.path, evidence, g.oom, g.kills)}, "A control group has no memory left")
	found.Private = true
	return []report.Finding{found}
}
