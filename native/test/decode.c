/* Prints a plan, one operation a line; what the decoder refuses ends with code 1 and the reason. */
#include "../shim/plan.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void show(const struct field *field, enum field_type type)
{
    const uint8_t *cursor = field->data;
    switch (type) {
    case FIELD_U32:
    case FIELD_U64:
        printf("%" PRIu64, field->number);
        return;
    case FIELD_I32:
        printf("%" PRId64, (int64_t)field->number);
        return;
    case FIELD_STR:
        printf("\"%s\"", (const char *)field->data);
        return;
    case FIELD_BYTES:
        printf("<");
        for (uint32_t i = 0; i < field->count; i++)
            printf("%02x", field->data[i]);
        printf(">");
        return;
    case FIELD_STRS:
        printf("[");
        for (uint32_t i = 0; i < field->count; i++)
            printf("%s\"%s\"", i ? ", " : "", next_string(&cursor));
        printf("]");
        return;
    case FIELD_U32S:
        printf("[");
        for (uint32_t i = 0; i < field->count; i++)
            printf("%s%" PRIu32, i ? ", " : "", u32_at(field, i));
        printf("]");
        return;
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL)
        return 2;
    static uint8_t bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    /* A copy of exactly that size: the sanitizer sees any byte read behind it. */
    uint8_t *exact = malloc(size ? size : 1);
    if (exact == NULL)
        return 2;
    for (size_t i = 0; i < size; i++)
        exact[i] = bytes[i];
    struct plan plan;
    const char *why = "";
    if (plan_verify(exact, size, &plan, &why) < 0) {
        fprintf(stderr, "%s\n", why);
        free(exact);
        return 1;
    }
    uint32_t offset = PLAN_HEADER_BYTES;
    struct op op;
    while (plan_next(&plan, &offset, &op)) {
        printf("%s", op.layout->name);
        for (int i = 0; i < op.layout->field_count; i++) {
            printf(" %s=", op.layout->field_names[i]);
            show(&op.fields[i], op.layout->types[i]);
        }
        printf("\n");
    }
    free(exact);
    return 0;
}
