#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

int main(void) {
  unsigned long words = 0;
  bool inside = false;
  for (int c; (c = getchar()) != EOF; inside = !isspace(c))
    if (!inside && !isspace(c)) words++;
  if (ferror(stdin)) return 1;
  return printf("%lu\n", words) < 0;
}
