package user_test

import "testing"

// TestBools has truth values that gcc 12 keeps as expressions: of the complement of one, it says DW_OP_not, whose upper bits mean nothing.
func TestBools(t *testing.T) {
	p := openCore(t, "bools.gcc-O1")
	load(t, p)
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	for frame := range trace(t, thread).Frames() {
		if frame.Name() != "bools" {
			t.Fatal(frame.Name())
		}
		for name, want := range map[string]string{
			"yes": "(_Bool)1", "no": "(_Bool)0", "not_yes": "(_Bool)0", "not_no": "(_Bool)1", "both": "(_Bool)1", "large": "(_Bool)1",
			"array": "(_Bool [2]){ 1 }", "pair": "(struct pair){\n\t.truth = (_Bool)0,\n\t.n = (int)400,\n}", "copy": "(struct pair){\n\t.truth = (_Bool)0,\n\t.n = (int)400,\n}",
		} {
			if got := frame.Object(name).String(); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		return
	}
	t.Error("no frame")
}
