package dwarf

import "testing"

func TestWalkKernel(t *testing.T) {
	f := openKernel(t)
	count := map[Tag]int{}
	skipped := map[Tag]int{}
	for u, err := range f.Units() {
		if err != nil {
			t.Fatal(err)
		}
		root, err := u.Root()
		if err != nil {
			t.Fatal(err)
		}
		count[root.Tag]++
		w := root.Walk()
		for w.Next() {
			count[w.Tag]++
		}
		if w.Err() != nil {
			t.Fatal(w.Err())
		}
		for d, err := range root.Children() {
			if err != nil {
				t.Fatal(err)
			}
			skipped[d.Tag]++
			for _, err := range d.Children() {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	t.Log(len(count), count[TagCompileUnit], count[TagMember], count[TagInlinedSubroutine], skipped)
	total := 0
	for _, n := range count {
		total += n
	}
	t.Log(total)
}
