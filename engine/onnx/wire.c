/* From bytes to messages, safely.
 *
 * protobuf-c checks the bounds of what it reads, but it recurses as deep as the file says, merges
 * repeated fields in quadratic time and allocates a hundred bytes for two in the file. So a walk
 * over the bytes, along protobuf-c's own descriptors, comes first: it limits the depth, refuses what
 * no writer writes, and knows at which byte a file breaks. Then an allocator that counts keeps the
 * memory in proportion to the file.
 * Encoding: https://protobuf.dev/programming-guides/encoding/ */
#include "onnx-private.h"

#include <stdlib.h>
#include <string.h>

/* Three levels (graph, node, attribute) per level of an If; exporters stay below ten. */
#define MAX_DEPTH 48
/* protobuf itself ends here. */
#define MAX_BYTES ((gsize)1 << 31)

/* Where and how the walk ended. */
typedef struct
{
  const guint8 *data;
  gsize size;
  guint known;     /* fields of a model found so far */
  gsize bad;       /* the byte at which it broke */
  guint64 wanted;  /* if the file is cut: how long it would have to be at least; else 0 */
  const char *why; /* if it is not just damaged */
} Walk;

static gboolean
read_varint (Walk *walk, gsize *at, gsize end, guint64 *v)
{
  *v = 0;
  for (int shift = 0; shift < 70 && *at < end; shift += 7)
    {
      guint8 byte = walk->data[(*at)++];
      if (shift < 64)
        *v |= (guint64)(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return TRUE;
    }
  walk->bad = *at;
  return FALSE;
}

static const guint8 wire_types[] = {
  [PROTOBUF_C_TYPE_INT32] = 0,   [PROTOBUF_C_TYPE_SINT32] = 0,  [PROTOBUF_C_TYPE_SFIXED32] = 5,
  [PROTOBUF_C_TYPE_INT64] = 0,   [PROTOBUF_C_TYPE_SINT64] = 0,  [PROTOBUF_C_TYPE_SFIXED64] = 1,
  [PROTOBUF_C_TYPE_UINT32] = 0,  [PROTOBUF_C_TYPE_FIXED32] = 5, [PROTOBUF_C_TYPE_UINT64] = 0,
  [PROTOBUF_C_TYPE_FIXED64] = 1, [PROTOBUF_C_TYPE_FLOAT] = 5,   [PROTOBUF_C_TYPE_DOUBLE] = 1,
  [PROTOBUF_C_TYPE_BOOL] = 0,    [PROTOBUF_C_TYPE_ENUM] = 0,    [PROTOBUF_C_TYPE_STRING] = 2,
  [PROTOBUF_C_TYPE_BYTES] = 2,   [PROTOBUF_C_TYPE_MESSAGE] = 2,
};

static gboolean
wire_type_fits (const ProtobufCFieldDescriptor *field, guint wire)
{
  gboolean packable = field->label == PROTOBUF_C_LABEL_REPEATED && wire_types[field->type] != 2;
  return wire == wire_types[field->type] || (wire == 2 && packable);
}

/* Moves *at past a value of wire type 0, 1 or 5; FALSE at the end of the data or for a group. */
static gboolean
skip_scalar (Walk *walk, gsize *at, gsize end, guint wire)
{
  guint64 v;
  gsize n = wire == 1 ? 8 : 4;
  if (wire == 0)
    return read_varint (walk, at, end, &v);
  walk->bad = *at;
  if ((wire != 1 && wire != 5) || end - *at < n)
    return FALSE;
  *at += n;
  return TRUE;
}

static gboolean walk_message (Walk *walk, const ProtobufCMessageDescriptor *type, gsize at, gsize end, int depth);

static gboolean
walk_bytes (Walk *walk, const ProtobufCFieldDescriptor *field, gsize at, gsize end, int depth)
{
  if (field && field->type == PROTOBUF_C_TYPE_MESSAGE)
    return walk_message (walk, field->descriptor, at, end, depth + 1);
  /* Names must be text; a doc_string, which nobody reads, may be anything. */
  if (field && field->type == PROTOBUF_C_TYPE_STRING && strcmp (field->name, "doc_string") != 0
      && !g_utf8_validate_len ((const char *)walk->data + at, end - at, NULL))
    {
      walk->bad = at;
      walk->why = "a name is not UTF-8 text";
      return FALSE;
    }
  return TRUE;
}

/* Fields that may stand once. Two of a message would be merged, which no writer relies on. */
static gboolean
seen_before (const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field, guint64 *seen)
{
  guint64 bit = (guint64)1 << ((field - type->fields) & 63);
  if (field->label == PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
    return FALSE;
  gboolean before = (*seen & bit) != 0;
  *seen |= bit;
  return before;
}

static gboolean
walk_field (Walk *walk, const ProtobufCMessageDescriptor *type, gsize *at, gsize end, int depth, guint64 *seen)
{
  gsize start = *at;
  guint64 tag, n;
  if (!read_varint (walk, at, end, &tag))
    return FALSE;
  walk->bad = start;
  if (tag >> 3 == 0 || *at - start > 5)
    return FALSE;
  guint wire = tag & 7;
  const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field (type, (unsigned)(tag >> 3));
  if (field && (!wire_type_fits (field, wire) || seen_before (type, field, seen)))
    return FALSE;
  walk->known += field != NULL;
  if (wire != 2)
    return skip_scalar (walk, at, end, wire);
  gsize length_at = *at;
  if (!read_varint (walk, at, end, &n))
    return FALSE;
  if (*at - length_at > 5)
    return FALSE;
  if (n > end - *at)
    {
      walk->bad = start;
      /* Only the file's own level can tell how long the file was. */
      if (depth == 0 && field && n < MAX_BYTES)
        walk->wanted = *at + n;
      return FALSE;
    }
  if (!walk_bytes (walk, field, *at, *at + n, depth))
    return FALSE;
  *at += n;
  return TRUE;
}

static gboolean
walk_message (Walk *walk, const ProtobufCMessageDescriptor *type, gsize at, gsize end, int depth)
{
  guint64 seen = 0;
  if (depth > MAX_DEPTH)
    {
      walk->bad = at;
      walk->why = "its parts are nested too deep";
      return FALSE;
    }
  while (at < end)
    if (!walk_field (walk, type, &at, end, depth, &seen))
      return FALSE;
  return TRUE;
}

/* ---- an allocator that counts ---- */

typedef struct
{
  gsize left;
  gboolean exceeded;
} Budget;

static void *
budget_alloc (void *data, size_t bytes)
{
  Budget *budget = data;
  if (bytes > budget->left)
    {
      budget->exceeded = TRUE;
      return NULL;
    }
  budget->left -= bytes;
  /* Weights are used where they lie, so large blocks are aligned as the kernels like it. */
  return bytes >= 1024 ? eng_try_alloc (bytes) : malloc (MAX (bytes, 1));
}

static void
budget_free (void *data, void *pointer)
{
  free (pointer);
}

static ProtobufCAllocator release = { .free = budget_free };

void
eng_onnx_free_model (Onnx__ModelProto *model)
{
  if (model)
    onnx__model_proto__free_unpacked (model, &release);
}

static gboolean
explain (const Walk *walk, const char *name, GError **error)
{
  g_autofree char *have = g_format_size (walk->size), *want = g_format_size (walk->wanted);
  if (walk->why)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is damaged at byte %zu: %s. Export it again.", name, walk->bad,
                     walk->why);
  if (walk->known == 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is not an ONNX model. Its first bytes are not a protobuf model header.", name);
  if (walk->wanted > 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s ends after %s of %s. Download or export it again.", name, have,
                     want);
  return eng_fail (error, ENG_ERROR_INVALID, "%s is damaged at byte %zu. Download or export it again.", name,
                   walk->bad);
}

Onnx__ModelProto *
eng_onnx_unpack (const guint8 *data, gsize n, const char *name, GError **error)
{
  Walk walk = { .data = data, .size = n };
  if (n >= MAX_BYTES)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED,
                "%s is larger than 2 GB, which protobuf cannot hold. Export it with external data.", name);
      return NULL;
    }
  if (!walk_message (&walk, &onnx__model_proto__descriptor, 0, n, 0))
    {
      explain (&walk, name, error);
      return NULL;
    }
  /* Weights take their own size twice at most; nodes and attributes, a small part of a large file, take
   * about ten times their size in the file. */
  Budget budget = { .left = 2 * n + 16 * MIN (n, 32 << 20) + (1 << 20) };
  ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
  Onnx__ModelProto *model = onnx__model_proto__unpack (&allocator, n, data);
  if (!model && budget.exceeded)
    eng_fail (error, ENG_ERROR_MEMORY, "%s would need far more memory than a model of its size. Export it again.",
              name);
  else if (!model)
    eng_fail (error, ENG_ERROR_INVALID, "%s is damaged. Download or export it again.", name);
  return model;
}

/* ---- fields of newer versions of the format ---- */

/* The content of the @nth field @tag, without the length before it. */
static const guint8 *
unknown_field (const ProtobufCMessage *message, guint32 tag, guint nth, gsize *n)
{
  for (unsigned i = 0; i < message->n_unknown_fields; i++)
    {
      const ProtobufCMessageUnknownField *field = &message->unknown_fields[i];
      if (field->tag != tag || field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED || nth-- > 0)
        continue;
      gsize skip = 0;
      while (skip < field->len && field->data[skip] & 0x80)
        skip++;
      skip = MIN (skip + 1, field->len);
      *n = field->len - skip;
      return field->data + skip;
    }
  return NULL;
}

char *
eng_onnx_unknown_string (const ProtobufCMessage *message, guint32 tag)
{
  gsize n;
  const guint8 *data = unknown_field (message, tag, 0, &n);
  return data ? g_utf8_make_valid ((const char *)data, n) : NULL;
}

Onnx__AttributeProto *
eng_onnx_unknown_attribute (const ProtobufCMessage *message, guint32 tag, guint nth)
{
  gsize n;
  Walk walk = { .data = unknown_field (message, tag, nth, &n) };
  if (!walk.data || !walk_message (&walk, &onnx__attribute_proto__descriptor, 0, n, 1))
    return NULL;
  Budget budget = { .left = 16 * n + 4096 };
  ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
  return onnx__attribute_proto__unpack (&allocator, n, walk.data);
}

void
eng_onnx_free_attribute (Onnx__AttributeProto *attribute)
{
  onnx__attribute_proto__free_unpacked (attribute, &release);
}
