static __thread int duplicate = 10;
int same(int n) { return duplicate += n; }
