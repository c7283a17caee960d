/* DepthToSpace and SpaceToDepth: channels and pixels of blocks change places. */
#include "../op.h"

#include <string.h>

/* The array with channels is N x (channel, by, bx or by, bx, channel) x H x W, the one with space is
 * N x channel x (H, by) x (W, bx). */
typedef struct
{
  int64_t n, channels, height, width, block;
  gboolean channel_first; /* CRD */
} Blocks;

static gboolean
blocks_shape (EngNode *node, gboolean to_space, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_need_rank (node, 0, 4, 4, error))
    return FALSE;
  EngShape s = node->inputs[0]->shape;
  int64_t block = eng_attrs_get_int (node->attrs, "blocksize", 0);
  const char *mode = eng_attrs_get_string (node->attrs, "mode", "DCR");
  if (block < 1 || block > (1 << 20))
    return eng_fail (error, ENG_ERROR_INVALID, "blocksize is %" G_GINT64_FORMAT, block);
  if (strcmp (mode, "DCR") != 0 && strcmp (mode, "CRD") != 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "mode \"%s\" is not known", mode);
  if (to_space ? s.dim[1] % (block * block) : s.dim[2] % block || s.dim[3] % block)
    return eng_fail (error, ENG_ERROR_INVALID, "the input cannot be split into blocks of %" G_GINT64_FORMAT, block);
  Blocks *b = node->priv = eng_node_priv (node, Blocks);
  b->n = s.dim[0];
  b->block = block;
  b->channels = to_space ? s.dim[1] / (block * block) : s.dim[1];
  b->height = to_space ? s.dim[2] : s.dim[2] / block;
  b->width = to_space ? s.dim[3] : s.dim[3] / block;
  b->channel_first = to_space && strcmp (mode, "CRD") == 0;
  if (b->channels > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "there are too many channels");
  s.dim[1] = to_space ? b->channels : b->channels * block * block;
  s.dim[2] = b->height * (to_space ? block : 1);
  s.dim[3] = b->width * (to_space ? block : 1);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &s, error);
}

static gboolean
depth_to_space_shape (EngNode *node, GError **error)
{
  return blocks_shape (node, TRUE, error);
}

static gboolean
space_to_depth_shape (EngNode *node, GError **error)
{
  return blocks_shape (node, FALSE, error);
}

/* @deep: row of channels; @wide: of the space it belongs to. */
static void
blocks_row (const Blocks *b, int64_t row, int64_t *deep, int64_t *wide)
{
  int64_t y = row % b->height, x = row / b->height, bx = x % b->block, by = x / b->block % b->block;
  int64_t c = x / b->block / b->block % b->channels, n = x / b->block / b->block / b->channels,
          bb = b->block * b->block;
  int64_t channel = b->channel_first ? c * bb + by * b->block + bx : (by * b->block + bx) * b->channels + c;
  *deep = ((n * b->channels * bb + channel) * b->height + y) * b->width;
  *wide = ((n * b->channels + c) * b->height * b->block + y * b->block + by) * b->width * b->block + bx;
}

static void
to_space (const Blocks *b, const float *src, float *dst, gboolean add)
{
  for (int64_t row = 0; row < b->n * b->channels * b->block * b->block * b->height; row++)
    {
      int64_t deep, wide;
      blocks_row (b, row, &deep, &wide);
      for (int64_t i = 0; i < b->width; i++)
        dst[wide + i * b->block] = src[deep + i] + (add ? dst[wide + i * b->block] : 0);
    }
}

static void
to_depth (const Blocks *b, const float *src, float *dst, gboolean add)
{
  for (int64_t row = 0; row < b->n * b->channels * b->block * b->block * b->height; row++)
    {
      int64_t deep, wide;
      blocks_row (b, row, &deep, &wide);
      for (int64_t i = 0; i < b->width; i++)
        dst[deep + i] = src[wide + i * b->block] + (add ? dst[deep + i] : 0);
    }
}

static void
depth_to_space_forward (const EngNode *node, EngPass *pass)
{
  to_space (node->priv, eng_in_f (pass, node, 0), eng_out_f (pass, node, 0), FALSE);
}

static void
space_to_depth_forward (const EngNode *node, EngPass *pass)
{
  to_depth (node->priv, eng_in_f (pass, node, 0), eng_out_f (pass, node, 0), FALSE);
}

static void
blocks_backward (const EngNode *node, EngPass *pass,
                 void (*move) (const Blocks *b, const float *src, float *dst, gboolean add))
{
  gboolean fresh;
  const float *dy = eng_grad_out (pass, node, 0);
  float *dx = dy ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (dx)
    move (node->priv, dy, dx, !fresh);
}

static void
depth_to_space_backward (const EngNode *node, EngPass *pass)
{
  blocks_backward (node, pass, to_depth);
}

static void
space_to_depth_backward (const EngNode *node, EngPass *pass)
{
  blocks_backward (node, pass, to_space);
}
static const char *const depth_to_space_examples[] = {
  "f:2x8x2x3 blocksize=2",
  "f:1x12x2x3 blocksize=2 mode='CRD'",
  NULL,
};
static const char *const space_to_depth_examples[] = { "f:2x3x4x6 blocksize=2", NULL };

const EngOp eng_ops_blocks[] = {
  { "DepthToSpace", 1, ENG_OPSET_MAX, depth_to_space_shape, depth_to_space_forward, depth_to_space_backward, 0,
    ENG_OP_MOVES, depth_to_space_examples },
  { "SpaceToDepth", 1, ENG_OPSET_MAX, space_to_depth_shape, space_to_depth_forward, space_to_depth_backward, 0,
    ENG_OP_MOVES, space_to_depth_examples },
  { NULL },
};