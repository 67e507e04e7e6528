#include <stdio.h>
int main(void)
{
    return puts("Hello from Hakobune!") < 0;
}
