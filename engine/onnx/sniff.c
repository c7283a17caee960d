/* Files of another kind that people open by mistake, told by their first bytes, each with the way to
 * an ONNX model. */
#define _GNU_SOURCE /* memmem */
#include "onnx-private.h"

#include <string.h>

typedef struct
{
  gsize at;
  const char *bytes;
  gsize n;
  const char *contains; /* further text in the head; NULL: none */
  const char *what, *remedy;
} Kind;

#define MAGIC(at, bytes) at, bytes, sizeof (bytes) - 1

static const Kind kinds[] = {
  { MAGIC (0, "version https://git-lfs"), NULL, "is a Git LFS pointer, not the model",
    "Run git lfs pull in its repository." },
  { MAGIC (0, "PK\003\004"), "data.pkl", "is a PyTorch checkpoint, not an ONNX model",
    "Load it in PyTorch and export the model with torch.onnx.export." },
  { MAGIC (0, "PK\003\004"), "config.json", "is a Keras model, not an ONNX model",
    "Load it in Keras and export it with tf2onnx." },
  { MAGIC (0, "PK\003\004"), NULL, "is a zip archive, not an ONNX model",
    "Unpack it; if it is a PyTorch checkpoint (.pt, .pth), export the model with torch.onnx.export." },
  { MAGIC (0, "\200\002"), NULL, "is a Python pickle, probably a PyTorch checkpoint, not an ONNX model",
    "Load it in PyTorch and export the model with torch.onnx.export." },
  { MAGIC (0, "\211HDF\r\n"), NULL, "is an HDF5 file, probably a Keras model, not an ONNX model",
    "Load it in Keras and export it with tf2onnx." },
  { MAGIC (4, "TFL3"), NULL, "is a TensorFlow Lite model, not an ONNX model",
    "Convert it with python -m tf2onnx.convert --tflite." },
  { MAGIC (4, "ORTM"), NULL, "is an ORT-format model, not an ONNX model",
    "Use the .onnx file that it was converted from." },
  { MAGIC (0, "ftrt"), NULL, "is a TensorRT engine, not an ONNX model",
    "Use the .onnx file that it was built from." },
  { MAGIC (0, "ptrt"), NULL, "is a TensorRT engine, not an ONNX model",
    "Use the .onnx file that it was built from." },
  { MAGIC (8, "{\""), NULL, "is a safetensors file: weights without a network",
    "Load it in PyTorch and export the model with torch.onnx.export." },
  { MAGIC (0, "GGUF"), NULL, "is a GGUF language model, not an ONNX model",
    "Sightline explains image classifiers in ONNX files." },
  { MAGIC (0, "\037\213"), NULL, "is compressed with gzip", "Unpack it with gunzip first." },
  { MAGIC (0, "\211PNG"), NULL, "is a picture, not a model", "Open an ONNX model first, then the picture." },
  { MAGIC (0, "\377\330\377"), NULL, "is a picture, not a model", "Open an ONNX model first, then the picture." },
};

static gboolean
fits (const Kind *kind, const guint8 *head, gsize n)
{
  return n >= kind->at + kind->n && memcmp (head + kind->at, kind->bytes, kind->n) == 0
         && (!kind->contains || memmem (head, n, kind->contains, strlen (kind->contains)));
}

/* UTF-8 without control characters. The header of a model has bytes below 32 within its first few. */
static gboolean
is_text (const guint8 *head, gsize n)
{
  const char *end = NULL;
  n = MIN (n, 256);
  for (gsize i = 0; i < n; i++)
    if ((head[i] < 32 || head[i] == 127) && head[i] != '\n' && head[i] != '\r' && head[i] != '\t')
      return FALSE;
  /* The last character may be cut. */
  return g_utf8_validate_len ((const char *)head, n, &end) || (n > 3 && end > (const char *)head + n - 4);
}

gboolean
eng_onnx_sniff (const guint8 *head, gsize n, guint64 size, const char *name, GError **error)
{
  if (size == 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is empty. Download or export it again.", name);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (fits (&kinds[i], head, n))
      return eng_fail (error, ENG_ERROR_INVALID, "%s %s. %s", name, kinds[i].what, kinds[i].remedy);
  if (is_text (head, n))
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is not an ONNX model. Its first bytes are text, not a protobuf model header.", name);
  return TRUE;
}
