package triage

import (
	"context"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/report"
)

var settings = topic{"kernel", "Modules and settings", "modules, settings that decide when the kernel panics and how it uses memory, limits of files and threads", lookAtSettings}

// knobs are the settings that are shown: the name of sysctl(8), and the variable that has it, the newest kernel's name first.
var knobs = []struct {
	name      string
	variables []string
}{
	{"kernel.panic", []string{"panic_timeout"}},
	{"kernel.panic_on_oops", []string{"panic_on_oops"}},
	{"kernel.panic_on_warn", []string{"panic_on_warn"}},
	{"kernel.hung_task_panic", []string{"sysctl_hung_task_panic"}},
	{"kernel.hung_task_timeout_secs", []string{"sysctl_hung_task_timeout_secs"}},
	{"kernel.softlockup_panic", []string{"softlockup_panic"}},
	{"kernel.watchdog_thresh", []string{"watchdog_thresh"}},
	{"kernel.sysrq", []string{"sysrq_enabled"}},
	{"kernel.pid_max", []string{"pid_max"}}, // until v6.14, commit 7863dcc72d0f: namespaces have it
	{"vm.panic_on_oom", []string{"sysctl_panic_on_oom"}},
	{"vm.overcommit_memory", []string{"sysctl_overcommit_memory"}},
	{"vm.swappiness", []string{"vm_swappiness"}},
	{"vm.dirty_ratio", []string{"vm_dirty_ratio"}},
	{"vm.dirty_background_ratio", []string{"dirty_background_ratio"}},
	{"vm.min_free_kbytes", []string{"min_free_kbytes"}},
}

func lookAtSettings(s *scene, out *book) error {
	modules := &report.Table{Columns: []report.Column{{Name: "Module"}, {Name: "Size", Unit: report.Bytes, Bar: true}, {Name: "Used"}, {Name: "Taints"}}}
	each(out, "modules", module.ForEach(s.p), func(m drgn.Object) error {
		name, err := word(m.Member("name"))
		if err != nil {
			return err
		}
		regions, err := module.Regions(m)
		if err != nil {
			return err
		}
		size := uint64(0)
		for _, r := range regions {
			size += r.Size
		}
		letters, err := module.Taints(m)
		if err != nil {
			return err
		}
		used, err := usersOf(m)
		modules.Rows = append(modules.Rows, []any{name, size, used, letters})
		return err
	})
	if len(modules.Rows) > 0 {
		out.add(report.Part{Title: count(len(modules.Rows), "module"), Table: modules})
	}
	var facts []report.Fact
	for _, k := range knobs {
		for _, variable := range k.variables {
			if !has(s.p, variable) {
				continue // of another kernel, or without what it is about
			}
			v, err := s.p.Variable(variable).Int()
			if err != nil {
				out.miss(k.name, err)
			} else {
				facts = append(facts, report.Fact{Name: k.name, Value: v})
			}
			break
		}
	}
	if len(facts) > 0 {
		out.add(report.Part{Title: "Settings", Facts: facts})
	}
	lookAtLimits(s, out)
	return context.Cause(s.ctx)
}

// usersOf returns how many use a module; nil where modules can't be removed.
func usersOf(m drgn.Object) (any, error) {
	if !m.HasMember("refcnt") {
		return nil, nil // without CONFIG_MODULE_UNLOAD
	}
	n, err := m.Member("refcnt").Member("counter").Int()
	return max(n-1, 0), err // one is the kernel's own (MODULE_REF_BASE)
}

func lookAtLimits(s *scene, out *book) {
	var facts []report.Fact
	for _, l := range []struct {
		name      string
		now, most func() (uint64, error)
	}{
		{"threads", s.p.Variable("nr_threads").Uint, s.p.Variable("max_threads").Uint},
	} {
		now, err := l.now()
		if err == nil {
			var most uint64
			if most, err = l.most(); err == nil {
				facts = append(facts, report.Fact{Name: l.name, Value: fmt.Sprintf("%d of at most %d", now, most)})
				out.find(nearLimit(l.name, now, most)...)
			}
		}
		out.miss(l.name, err)
	}
	if len(facts) > 0 {
		out.add(report.Part{Title: "Limits", Facts: facts})
	}
}

var limitRule = rule{"near-limit", report.Warning, "more than 90 % of what there may be", "what needs another one fails"}

// nearLimit says that there are nearly as many of something as there may be.
func nearLimit(what string, now, most uint64) []report.Finding {
	if most == 0 || now <= most/10*9 {
		return nil
	}
	return []report.Finding{limitRule.found([]string{fmt.Sprintf("%d of %d", now, most)}, "There are nearly as many %s as there may be", what)}
}
