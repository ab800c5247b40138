#include "shared.h"
struct shared_b bee1;
struct only1 { struct shared_b *p; int n; } one1;
int main(void){ return bee1.first.x + one1.n; }
