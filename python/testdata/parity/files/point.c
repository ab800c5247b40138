struct point { int x, y; };
struct point origin = {1, 2};
static int counter;
int bump(int by) { counter += by; return counter; }
int main(void) { return bump(origin.x); }
