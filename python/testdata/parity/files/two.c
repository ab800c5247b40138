#include "shared.h"
struct shared_b bee2;
struct only2 { struct shared_b *p; int n; } one2;
int main(void){ return bee2.first.x + one2.n; }
