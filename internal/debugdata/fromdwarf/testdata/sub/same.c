static __thread int duplicate = 11;
int similar(int n) { return duplicate += n; }
