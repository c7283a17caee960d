/* From bytes to messages, safely and without the weights.
 *
 * protobuf-c checks the bounds of what it reads, but it recurses as deep as the file says, merges
 * repeated fields in quadratic time, allocates a hundred bytes for two in the file and copies every
 * weight. So a walk over the bytes, along protobuf-c's own descriptors, comes first: it limits the
 * depth, refuses what no writer writes, knows at which byte a file breaks, and writes down what
 * protobuf-c shall read: the same message with, for each raw_data, only the place where it lies
 * (OnnxPlace), from where weight.c reads it when the tensor is made. Then an allocator that counts
 * keeps the memory in proportion to the file.
 * Encoding: https://protobuf.dev/programming-guides/encoding/ */
#include "onnx-private.h"

#include <stdlib.h>
#include <string.h>

/* Three levels (graph, node, attribute) per level of an If; exporters stay below ten. */
#define MAX_DEPTH 48
/* protobuf itself ends here. */
#define MAX_BYTES ((guint64)1 << 31)
/* What is looked at of the source at a time. */
#define WINDOW 16384
/* Bytes of a length, filled up with zeros, that is not known before what it counts is written. */
#define LENGTH_BYTES 5
/* The message may be this many times as long as the file: places and lengths take more than tiny weights and
 * messages do. */
#define MAX_GROWTH 4

/* Where and how the walk ended, and what it wrote. */
typedef struct
{
  const OnnxSource *source;
  guint8 *window; /* the bytes from @window_at, @window_n of them */
  guint64 window_at;
  gsize window_n;
  guint8 *message; /* for protobuf-c: @n bytes in memory for @room */
  gsize n, room;
  gsize raw;       /* bytes that all raw_data take, each rounded up as eng_onnx_tensor() places them */
  guint known;     /* fields of a model found so far */
  guint64 bad;     /* the byte at which it broke */
  guint64 wanted;  /* if the file is cut: how long it would have to be at least; else 0 */
  const char *why; /* if it is not just damaged */
  gboolean large;  /* there is no memory for it, or it would take too much */
  GError *problem; /* the source cannot be read */
} Walk;

/* ---- writing ---- */

/* Makes room for @n more bytes of the message; NULL when they cannot be had. */
static guint8 *
extend (Walk *walk, gsize n)
{
  gsize most = (gsize)walk->source->size * MAX_GROWTH + 4096, need = walk->n + n;
  if (need > walk->room)
    {
      gsize room = MIN (MAX (need, 2 * walk->room), most);
      guint8 *message = need > most ? NULL : realloc (walk->message, room);
      walk->large = !message;
      if (!message)
        return NULL;
      walk->message = message;
      walk->room = room;
    }
  guint8 *at = walk->message + walk->n;
  walk->n = need;
  return at;
}

static gboolean
write_varint (Walk *walk, guint64 v)
{
  guint8 bytes[10], *to;
  gsize n = 0;
  for (; v >= 0x80; v >>= 7)
    bytes[n++] = (guint8)(v | 0x80);
  bytes[n++] = (guint8)v;
  if ((to = extend (walk, n)))
    memcpy (to, bytes, n);
  return to != NULL;
}

/* ---- reading ---- */

static gboolean
read_source (Walk *walk, guint64 at, gsize n, void *to)
{
  walk->bad = at;
  return eng_onnx_source_read (walk->source, at, n, to, &walk->problem);
}

static gboolean
read_varint (Walk *walk, guint64 *at, guint64 end, guint64 *v)
{
  *v = 0;
  for (int shift = 0; shift < 70 && *at < end; shift += 7)
    {
      if (*at - walk->window_at >= walk->window_n)
        {
          walk->window_at = *at;
          walk->window_n = (gsize)MIN (WINDOW, walk->source->size - *at);
          if (!read_source (walk, *at, walk->window_n, walk->window))
            return FALSE;
        }
      guint8 byte = walk->window[(*at)++ - walk->window_at];
      if (shift < 64)
        *v |= (guint64)(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return TRUE;
    }
  walk->bad = *at;
  return FALSE;
}

/* Takes the @n bytes at @at over as they are. */
static gboolean
copy_bytes (Walk *walk, guint64 at, gsize n)
{
  guint8 *to = extend (walk, n);
  guint64 skip = at - walk->window_at;
  if (!to)
    return FALSE;
  if (skip >= walk->window_n || n > walk->window_n - skip)
    return read_source (walk, at, n, to);
  memcpy (to, walk->window + skip, n);
  return TRUE;
}

/* ---- the walk ---- */

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

/* Takes a value of wire type 0, 1 or 5 over; FALSE at the end of the data or for a group. */
static gboolean
walk_scalar (Walk *walk, guint64 *at, guint64 end, guint wire)
{
  guint64 v, start = *at;
  gsize n = wire == 1 ? 8 : 4;
  if (wire == 0)
    return read_varint (walk, at, end, &v) && write_varint (walk, v);
  walk->bad = start;
  if ((wire != 1 && wire != 5) || end - start < n)
    return FALSE;
  *at += n;
  return copy_bytes (walk, start, n);
}

/* FunctionProto.attribute_proto, since ONNX 1.13; the onnx.proto at hand may be older. */
#define FUNCTION_DEFAULTS 11

/* The message that a field holds; NULL: it holds none. */
static const ProtobufCMessageDescriptor *
message_in (const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field, guint64 number)
{
  if (!field && type == &onnx__function_proto__descriptor && number == FUNCTION_DEFAULTS)
    return &onnx__attribute_proto__descriptor;
  return field && field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
}

static gboolean walk_message (Walk *walk, const ProtobufCMessageDescriptor *type, guint64 at, guint64 end, int depth);

/* A message behind its length. */
static gboolean
walk_inner (Walk *walk, const ProtobufCMessageDescriptor *type, guint64 at, guint64 end, int depth)
{
  gsize length_at = walk->n;
  if (!extend (walk, LENGTH_BYTES) || !walk_message (walk, type, at, end, depth + 1))
    return FALSE;
  gsize n = walk->n - length_at - LENGTH_BYTES;
  if (n >= (gsize)MAX_BYTES)
    return !(walk->large = TRUE);
  for (int i = 0; i < LENGTH_BYTES; i++)
    walk->message[length_at + i] = (guint8)((n >> 7 * i & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
  return TRUE;
}

/* Where values lie, instead of them. */
static gboolean
walk_raw (Walk *walk, guint64 at, guint64 n)
{
  OnnxPlace place = { at, n };
  guint8 *to = write_varint (walk, sizeof place) ? extend (walk, sizeof place) : NULL;
  if (!to)
    return FALSE;
  memcpy (to, &place, sizeof place);
  walk->raw += ENG_ONNX_ROUND (n);
  return TRUE;
}

static gboolean
walk_bytes (Walk *walk, const ProtobufCFieldDescriptor *field, guint64 at, gsize n)
{
  if (!write_varint (walk, n) || !copy_bytes (walk, at, n))
    return FALSE;
  /* Names must be text; a doc_string, which nobody reads, may be anything. */
  if (field && field->type == PROTOBUF_C_TYPE_STRING && strcmp (field->name, "doc_string") != 0
      && !g_utf8_validate_len ((const char *)walk->message + walk->n - n, n, NULL))
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
walk_field (Walk *walk, const ProtobufCMessageDescriptor *type, guint64 *at, guint64 end, int depth, guint64 *seen)
{
  guint64 start = *at, tag, n;
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
  if (!write_varint (walk, tag))
    return FALSE;
  if (wire != 2)
    return walk_scalar (walk, at, end, wire);
  guint64 length_at = *at;
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
  const ProtobufCMessageDescriptor *inner = message_in (type, field, tag >> 3);
  guint64 from = *at;
  *at += n;
  if (inner)
    return walk_inner (walk, inner, from, from + n, depth);
  if (type == &onnx__tensor_proto__descriptor && field && strcmp (field->name, "raw_data") == 0)
    return walk_raw (walk, from, n);
  return walk_bytes (walk, field, from, (gsize)n);
}

static gboolean
walk_message (Walk *walk, const ProtobufCMessageDescriptor *type, guint64 at, guint64 end, int depth)
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
  return malloc (MAX (bytes, 1));
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
refuse_size (const char *name, GError **error)
{
  return eng_fail (error, ENG_ERROR_MEMORY,
                   "%s would need far more memory than a model of its size. Export it again.", name);
}

static gboolean
explain (const Walk *walk, const char *name, GError **error)
{
  g_autofree char *have = g_format_size (walk->source->size), *want = g_format_size (walk->wanted);
  if (walk->problem)
    return eng_fail (error, ENG_ERROR_IO, "%s could not be read to its end (%s). Is it being written?", name,
                     walk->problem->message);
  if (walk->large)
    return refuse_size (name, error);
  if (walk->why)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is damaged at byte %" G_GUINT64_FORMAT ": %s. Export it again.",
                     name, walk->bad, walk->why);
  if (walk->known == 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is not an ONNX model. Its first bytes are not a protobuf model header.", name);
  if (walk->wanted > 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s ends after %s of %s. Download or export it again.", name, have,
                     want);
  return eng_fail (error, ENG_ERROR_INVALID,
                   "%s is damaged at byte %" G_GUINT64_FORMAT ". Download or export it again.", name, walk->bad);
}

static Onnx__ModelProto *
unpack (const Walk *walk, const char *name, GError **error)
{
  /* Weights in typed fields take their own size twice at most; nodes and attributes, a small part of a large file,
   * take about ten times their size in the file. */
  gsize n = (gsize)walk->source->size;
  Budget budget = { .left = 2 * n + 16 * MIN (n, 32 << 20) + (1 << 20) };
  ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
  Onnx__ModelProto *model = onnx__model_proto__unpack (&allocator, walk->n, walk->message);
  if (!model && budget.exceeded)
    refuse_size (name, error);
  else if (!model)
    eng_fail (error, ENG_ERROR_INVALID, "%s is damaged. Download or export it again.", name);
  return model;
}

Onnx__ModelProto *
eng_onnx_unpack (const OnnxSource *source, const char *name, gsize *raw, GError **error)
{
  if (source->size >= MAX_BYTES)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED,
                "%s is larger than 2 GB, which protobuf cannot hold. Export it with external data.", name);
      return NULL;
    }
  g_autofree guint8 *window = g_malloc (WINDOW);
  Walk walk = { .source = source, .window = window };
  Onnx__ModelProto *model = NULL;
  if (!walk_message (&walk, &onnx__model_proto__descriptor, 0, source->size, 0))
    explain (&walk, name, error);
  else
    model = unpack (&walk, name, error);
  *raw = walk.raw;
  g_clear_error (&walk.problem);
  free (walk.message);
  return model;
}

OnnxPlace
eng_onnx_raw_place (const Onnx__TensorProto *proto)
{
  OnnxPlace place = { 0 };
  g_return_val_if_fail (proto->raw_data.len == sizeof place, place); /* walk_raw() wrote it */
  memcpy (&place, proto->raw_data.data, sizeof place);
  return place;
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
eng_onnx_function_default (const Onnx__FunctionProto *function, guint nth)
{
  gsize n;
  const guint8 *data = unknown_field (&function->base, FUNCTION_DEFAULTS, nth, &n);
  if (!data)
    return NULL;
  Budget budget = { .left = 16 * n + 4096 };
  ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
  return onnx__attribute_proto__unpack (&allocator, n, data);
}

void
eng_onnx_free_attribute (Onnx__AttributeProto *attribute)
{
  onnx__attribute_proto__free_unpacked (attribute, &release);
}
