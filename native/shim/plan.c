#define OP_LAYOUTS_HERE
#include "plan.h"
#include <errno.h>
#include <string.h>

#define PLAN_MAX_BYTES (64u << 20)

struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static bool take(struct reader *reader, size_t count, const uint8_t **data)
{
    if ((size_t)(reader->end - reader->at) < count)
        return false;
    *data = reader->at;
    reader->at += count;
    return true;
}

static bool take_u32(struct reader *reader, uint32_t *value)
{
    const uint8_t *data;
    if (!take(reader, 4, &data))
        return false;
    *value = load_u32(data);
    return true;
}

static bool take_str(struct reader *reader, struct field *field)
{
    if (!take_u32(reader, &field->count) || field->count == UINT32_MAX)
        return false;
    if (!take(reader, (size_t)field->count + 1, &field->data))
        return false;
    return memchr(field->data, 0, (size_t)field->count + 1) == field->data + field->count;
}

static bool take_strs(struct reader *reader, struct field *field)
{
    if (!take_u32(reader, &field->count))
        return false;
    field->data = reader->at;
    for (uint32_t i = 0; i < field->count; i++) {
        struct field one;
        if (!take_str(reader, &one))
            return false;
    }
    return true;
}

static bool take_field(struct reader *reader, enum field_type type, struct field *field)
{
    const uint8_t *data;
    uint32_t value;
    *field = (struct field){0};
    switch (type) {
    case FIELD_U32:
        if (!take_u32(reader, &value))
            return false;
        field->number = value;
        return true;
    case FIELD_I32:
        if (!take_u32(reader, &value))
            return false;
        field->number = (uint64_t)(int64_t)(int32_t)value;
        return true;
    case FIELD_U64:
        if (!take(reader, 8, &data))
            return false;
        field->number = (uint64_t)load_u32(data) | (uint64_t)load_u32(data + 4) << 32;
        return true;
    case FIELD_STR:
        return take_str(reader, field);
    case FIELD_BYTES:
        return take_u32(reader, &field->count) && take(reader, field->count, &field->data);
    case FIELD_STRS:
        return take_strs(reader, field);
    case FIELD_U32S:
        return take_u32(reader, &field->count) && take(reader, (size_t)field->count * 4, &field->data);
    }
    return false;
}

static const struct op_layout *layout_of(uint16_t code)
{
    for (int i = 0; i < OP_LAYOUT_COUNT; i++)
        if (OP_LAYOUTS[i].code == code)
            return &OP_LAYOUTS[i];
    return NULL;
}

static bool take_op(struct reader *reader, struct op *op)
{
    const uint8_t *header;
    if (!take(reader, OP_HEADER_BYTES, &header))
        return false;
    struct reader payload;
    if (load_u16(header + 2) != 0 || !take(reader, load_u32(header + 4), &payload.at))
        return false;
    payload.end = reader->at;
    op->layout = layout_of(load_u16(header));
    if (op->layout == NULL)
        return false;
    for (int i = 0; i < op->layout->field_count; i++)
        if (!take_field(&payload, op->layout->types[i], &op->fields[i]))
            return false;
    return payload.at == payload.end;
}

/* Which ops may stand where: settings and the pid namespace before the one clone, everything else after it. */
static const char *misplaced(const struct op *op, bool cloned, bool executed)
{
    uint16_t code = op->layout->code;
    if (code == OP_CLONE)
        return cloned ? "a second clone" : NULL;
    if (op->layout->side == SIDE_CHILD && !cloned)
        return "a child operation before clone";
    if (op->layout->side == SIDE_CHILD && executed)
        return "a child operation after exec";
    if (code == OP_NETLINK_HOST)
        return cloned ? NULL : "netlinkHost before clone";
    if (op->layout->side == SIDE_HOST && cloned)
        return "a setting after clone";
    return NULL;
}

static int refuse(const char **why, const char *reason)
{
    *why = reason;
    return -EINVAL;
}

int plan_verify(const uint8_t *bytes, size_t size, struct plan *plan, const char **why)
{
    if (size < PLAN_HEADER_BYTES || size > PLAN_MAX_BYTES || load_u32(bytes) != PLAN_MAGIC)
        return refuse(why, "not a plan");
    if (load_u32(bytes + 4) != PLAN_VERSION)
        return refuse(why, "another version of the plan language");
    if (load_u32(bytes + 12) != size)
        return refuse(why, "the plan's length does not add up");
    struct reader reader = {bytes + PLAN_HEADER_BYTES, bytes + size};
    bool cloned = false, executed = false;
    uint32_t count = 0;
    while (reader.at < reader.end) {
        struct op op;
        if (!take_op(&reader, &op))
            return refuse(why, "an operation that is unknown or malformed");
        const char *reason = misplaced(&op, cloned, executed);
        if (reason != NULL)
            return refuse(why, reason);
        cloned |= op.layout->code == OP_CLONE;
        executed |= op.layout->code == OP_EXEC || op.layout->code == OP_EXEC_FD;
        count++;
    }
    if (count != load_u32(bytes + 8))
        return refuse(why, "the plan's count of operations does not add up");
    if (!cloned || !executed)
        return refuse(why, "a plan without clone or exec");
    *plan = (struct plan){bytes, (uint32_t)size};
    return 0;
}

bool plan_next(const struct plan *plan, uint32_t *offset, struct op *op)
{
    struct reader reader = {plan->bytes + *offset, plan->bytes + plan->total};
    if (reader.at >= reader.end || !take_op(&reader, op))
        return false;
    *offset = (uint32_t)(reader.at - plan->bytes);
    return true;
}

bool plan_find(const struct plan *plan, enum op_code code, struct op *op)
{
    uint32_t offset = PLAN_HEADER_BYTES;
    while (plan_next(plan, &offset, op))
        if (op->layout->code == code)
            return true;
    return false;
}

uint32_t u32_at(const struct field *field, uint32_t index)
{
    return load_u32(field->data + (size_t)index * 4);
}

const char *next_string(const uint8_t **cursor)
{
    const char *string = (const char *)*cursor + 4;
    *cursor += 4 + load_u32(*cursor) + 1;
    return string;
}
