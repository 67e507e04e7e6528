/* The plan as it lies in memory: verified once as a whole, then read op by op without copying. */
#pragma once
#include "ops.gen.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC 0x4c504b48u
#define PLAN_HEADER_BYTES 16u
#define OP_HEADER_BYTES 8u

struct field {
    uint64_t number;     /* u32, u64, i32 (sign extended) */
    const uint8_t *data; /* str: its text; bytes, u32s: first byte; strs: the first string's length */
    uint32_t count;      /* bytes of str and bytes, elements of strs and u32s */
};

struct op {
    const struct op_layout *layout;
    struct field fields[OP_MAX_FIELDS];
};

struct plan {
    const uint8_t *bytes;
    uint32_t total;
};

/* 0, or -errno with *why set: a plan is taken as a whole or not at all. */
int plan_verify(const uint8_t *bytes, size_t size, struct plan *plan, const char **why);

/* Reads the op at *offset (PLAN_HEADER_BYTES at first) and moves on; false after the last. */
bool plan_next(const struct plan *plan, uint32_t *offset, struct op *op);

/* The first op with this code, if there is one. */
bool plan_find(const struct plan *plan, enum op_code code, struct op *op);

static inline const char *text(const struct op *op, int field)
{
    return (const char *)op->fields[field].data;
}

static inline uint64_t number(const struct op *op, int field)
{
    return op->fields[field].number;
}

uint32_t u32_at(const struct field *field, uint32_t index);

/* Iterates over strs: *cursor starts at field->data. */
const char *next_string(const uint8_t **cursor);
