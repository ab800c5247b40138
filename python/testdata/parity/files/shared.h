struct shared_a { int x; long y[4]; struct shared_a *next; };
struct shared_b { struct shared_a first, second; const char *name_of_something_long; };
