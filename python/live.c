// What is answered without a crossing to Go: objects of a program by names that were looked up before, and numbers in the
// memory of what runs, by one pread(2). Go tells what it has found; it holds while Go's counters of changes stay as they were.
#include "bind.h"
#include <unistd.h>

static inline uint64_t now(const uint64_t *counter) { return __atomic_load_n(counter, __ATOMIC_ACQUIRE); }

uint64_t live_reads; // how many numbers were read here

// ---- Memory. Ranges of addresses that lie in one file, each at a distance of its own.
#define RANGES 8
#define PAGES 256
#define PAGE(address) ((address) >> 12)
struct live {
	uint64_t epoch; // of the program's memory, while which the ranges are right
	int fd, n, next;
	struct { uint64_t min, max, delta; int zeros; } at[RANGES]; // zeros: they are memory everywhere
	uint64_t pages[PAGES]; // where zeros are memory, too: numbers of pages, and 0
};

static void live_forget(Prog *p) {
	if (!p->live) return;
	close(p->live->fd);
	free(p->live);
	p->live = NULL;
}

// live_read reads an integer of a scalar's kind in the byte order of this machine; it gives 0 where Go must do it, and say why
// it can't be done if that is so.
int live_read(Prog *p, uint64_t address, uint8_t kind, uint64_t *v) {
	struct live *l = p->live;
	if (!l) return 0;
	if (l->epoch != now(p->epoch)) return live_forget(p), 0;
	unsigned size = kind & SCALAR_SIZE;
	for (int i = 0; i < l->n; i++) {
		if (address < l->at[i].min || address > l->at[i].max || l->at[i].max - address < size - 1) continue;
		if (!l->at[i].zeros && PAGE(address) != PAGE(address + size - 1)) return 0; // part of it may be zeros
		union { uint8_t b1; uint16_t b2; uint32_t b4; uint64_t b8; } u;
		if (pread(l->fd, &u, size, (off_t)(address + l->at[i].delta)) != (ssize_t)size) return 0;
		uint64_t page = PAGE(address), x = size == 1 ? u.b1 : size == 2 ? u.b2 : size == 4 ? u.b4 : u.b8;
		if (!x && !l->at[i].zeros && (!page || l->pages[page % PAGES] != page)) return 0;
		if (kind & SCALAR_SIGNED) x = (uint64_t)((int64_t)(x << (64 - 8 * size)) >> (64 - 8 * size));
		*v = kind & SCALAR_BOOL ? x != 0 : x;
		live_reads++;
		return 1;
	}
	return 0;
}

// sh_live_open reports whether the program has a file for its memory of an epoch.
int sh_live_open(PyObject *prog, uint64_t epoch) {
	Prog *p = (Prog *)prog;
	if (p->live && p->live->epoch != epoch) live_forget(p);
	return p->live != NULL;
}

// sh_live_file gives the program a file, whose descriptor is closed with it.
void sh_live_file(PyObject *prog, uint64_t epoch, int fd) {
	Prog *p = (Prog *)prog;
	live_forget(p);
	if (!(p->live = calloc(1, sizeof *p->live))) {
		close(fd);
		return;
	}
	p->live->epoch = epoch;
	p->live->fd = fd;
}

// sh_live_range adds the addresses min to max, which lie in the file delta bytes on. Without zeros, a zero there is Go's to read.
void sh_live_range(PyObject *prog, uint64_t min, uint64_t max, uint64_t delta, int zeros) {
	struct live *l = ((Prog *)prog)->live;
	if (!l) return;
	for (int i = 0; i < l->n; i++)
		if (l->at[i].min == min && l->at[i].max == max) return;
	int i = l->n < RANGES ? l->n++ : l->next++ % RANGES;
	l->at[i].min = min;
	l->at[i].max = max;
	l->at[i].delta = delta;
	l->at[i].zeros = zeros;
}

// sh_live_page says that zeros in the page of an address are memory.
void sh_live_page(PyObject *prog, uint64_t address) {
	struct live *l = ((Prog *)prog)->live;
	if (l) l->pages[PAGE(address) % PAGES] = PAGE(address);
}

// ---- Objects by name: (program, address of the name) to an object. An entry keeps its name and the number of its type.
typedef struct { PyObject *prog, *name; uint64_t generation; item i; } found_entry;
#define FOUND 512
static found_entry found[FOUND];

static found_entry *found_at(PyObject *prog, PyObject *name) {
	return &found[((uintptr_t)name >> 4 ^ (uintptr_t)prog >> 6) % FOUND];
}

static void found_drop(found_entry *e) {
	if (!e->prog) return;
	PyObject *name = e->name;
	e->prog = NULL;
	type_drop(e->i.type);
	py.Py_DecRef(name);
}

// found_get gives the object of a name, or NULL without an exception if it is not known.
PyObject *found_get(PyObject *prog, PyObject *name) {
	found_entry *e = found_at(prog, name);
	if (e->prog != prog || e->name != name || e->generation != now(((Prog *)prog)->generation)) return NULL;
	type_refs[e->i.type].count++;
	return new_obj(&e->i);
}

// found_put remembers what a name was found to be when the program's counter was generation.
void found_put(PyObject *prog, PyObject *name, uint64_t generation, const item *i) {
	if (i->tag != R_OBJ || i->cls != C_OBJECT || i->kind == K_HANDLE) return;
	found_entry *e = found_at(prog, name);
	found_drop(e);
	py.Py_IncRef(name);
	type_refs[i->type].count++;
	*e = (found_entry){prog, name, generation, *i};
}

uint64_t prog_generation(PyObject *prog) { return now(((Prog *)prog)->generation); }

// sh_forget gives back what is kept for a program.
void sh_forget(PyObject *prog) {
	for (int i = 0; i < FOUND; i++)
		if (found[i].prog == prog) found_drop(&found[i]);
	live_forget((Prog *)prog);
}

// sh_counters tells where a program's counters of changes lie.
void sh_counters(PyObject *prog, const void *generation, const void *epoch) {
	((Prog *)prog)->generation = generation;
	((Prog *)prog)->epoch = epoch;
}
