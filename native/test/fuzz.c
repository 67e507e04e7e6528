/*
 * The decoder against arbitrary bytes: whatever is accepted must be readable to its last field. As a libFuzzer target
 * under clang; with a driver of plain random mutation (FUZZ_DRIVER) under any compiler's sanitizers.
 */
#include "../shim/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void touch(const struct field *field, enum field_type type)
{
    const uint8_t *cursor = field->data;
    uint64_t sum = field->number;
    if (type == FIELD_STR)
        sum += strlen((const char *)field->data);
    if (type == FIELD_BYTES)
        for (uint32_t i = 0; i < field->count; i++)
            sum += field->data[i];
    if (type == FIELD_U32S)
        for (uint32_t i = 0; i < field->count; i++)
            sum += u32_at(field, i);
    if (type == FIELD_STRS)
        for (uint32_t i = 0; i < field->count; i++)
            sum += strlen(next_string(&cursor));
    sink += sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan plan;
    const char *why;
    if (plan_verify(data, size, &plan, &why) < 0)
        return 0;
    uint32_t offset = PLAN_HEADER_BYTES;
    struct op op;
    while (plan_next(&plan, &offset, &op))
        for (int i = 0; i < op.layout->field_count; i++)
            touch(&op.fields[i], op.layout->types[i]);
    return 0;
}

#ifdef FUZZ_DRIVER
static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % limit;
}

/* Lengths and counts are where a decoder goes wrong: whole words become small, huge or slightly different. */
static void mutate(uint8_t *bytes, size_t *size)
{
    static const uint32_t WORDS[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 16, 255};
    size_t at = random_below((uint32_t)*size);
    uint32_t word;
    switch (random_below(4)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << random_below(8));
        return;
    case 1:
        word = WORDS[random_below(8)];
        break;
    case 2:
        if (at + 4 > *size)
            return;
        memcpy(&word, bytes + at, 4);
        word += random_below(9) - 4;
        break;
    default:
        *size = at > 0 ? at : 1;
        word = (uint32_t)*size;
        if (*size >= 16)
            memcpy(bytes + 12, &word, 4);
        return;
    }
    if (at + 4 <= *size)
        memcpy(bytes + at, &word, 4);
}

int main(int argc, char **argv)
{
    static uint8_t seed[1 << 16];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL)
        return 2;
    size_t size = fread(seed, 1, sizeof seed, file);
    (void)fclose(file);
    for (long round = strtol(argv[2], NULL, 10); round > 0; round--) {
        uint8_t *bytes = malloc(size);
        if (bytes == NULL)
            return 2;
        memcpy(bytes, seed, size);
        size_t length = size;
        for (uint32_t count = 1 + random_below(4); count > 0; count--)
            mutate(bytes, &length);
        uint8_t *exact = realloc(bytes, length);
        if (exact == NULL)
            return 2;
        (void)LLVMFuzzerTestOneInput(exact, length);
        free(exact);
    }
    return 0;
}
#endif
