#include <stdio.h>

// answer() is in the precompiled header.
int main() { printf("answer %d\n", answer()); }
