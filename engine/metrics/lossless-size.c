/* How much a picture tells, as performance information curves measure it: bytes of a lossless WebP file. The number
 * depends a little on the version of libwebp; within one curve only ratios of differences count. */
#include "scatter.h"

#include "../error.h"

#include <webp/encode.h>

gsize
eng_lossless_size (const guint8 *rgb, int rows, int cols, GError **error)
{
  WebPConfig config;
  WebPPicture picture;
  WebPMemoryWriter writer;
  gsize size = 0;
  if (!WebPConfigInit (&config) || !WebPPictureInit (&picture))
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED, "The installed libwebp is of another version than Sightline expects.");
      return 0;
    }
  config.lossless = 1;
  config.quality = 100;
  config.method = 4;
  picture.use_argb = 1;
  picture.width = cols;
  picture.height = rows;
  WebPMemoryWriterInit (&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  if (WebPPictureImportRGB (&picture, rgb, 3 * cols) && WebPEncode (&config, &picture))
    size = writer.size;
  else
    eng_fail (error, ENG_ERROR_INVALID, "The picture of %d × %d could not be written as WebP (error %d).", cols, rows,
              picture.error_code);
  WebPPictureFree (&picture);
  WebPMemoryWriterClear (&writer);
  return size;
}
