/* SHA-256: FIPS 180-4.
 *
 * A model's digest is taken whenever it is opened, and GLib's portable code takes a second for 350 MB.
 * Most processors of recent years have instructions for it (Gulley, Gopal, Yap, Feghali, Guilford,
 * Wolrich: Intel SHA Extensions, Intel 2013), which are about six times as fast; elsewhere GLib computes. */
#include "digest.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 64
#define MOST ((gint64)8 << 30)  /* what a file may have: a session can name any */
#define PART ((gsize)256 << 10) /* a multiple of BLOCK; stays in the cache between reading and digesting */

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__ ((target ("sha,sse4.1,ssse3")))

static const guint32 round_constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

/* Four rounds with @words, the schedule's next four, in both halves of the state. */
TARGET static inline void
four_rounds (__m128i *abef, __m128i *cdgh, __m128i words, int round)
{
  __m128i sum = _mm_add_epi32 (words, _mm_loadu_si128 ((const __m128i *)(round_constants + round)));
  *cdgh = _mm_sha256rnds2_epu32 (*cdgh, *abef, sum);
  *abef = _mm_sha256rnds2_epu32 (*abef, *cdgh, _mm_shuffle_epi32 (sum, 0x0e));
}

/* @state: the words a to h. */
TARGET static void
digest_blocks (guint32 *state, const guint8 *data, gsize blocks)
{
  const __m128i big_endian = _mm_set_epi64x (0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  __m128i dcba = _mm_loadu_si128 ((const __m128i *)state), hgfe = _mm_loadu_si128 ((const __m128i *)(state + 4));
  __m128i cdab = _mm_shuffle_epi32 (dcba, 0xb1), efgh = _mm_shuffle_epi32 (hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8 (cdab, efgh, 8), cdgh = _mm_blend_epi16 (efgh, cdab, 0xf0);
  for (; blocks > 0; blocks--, data += BLOCK)
    {
      __m128i w[4], abef_before = abef, cdgh_before = cdgh;
      for (int i = 0; i < 4; i++)
        {
          w[i] = _mm_shuffle_epi8 (_mm_loadu_si128 ((const __m128i *)data + i), big_endian);
          four_rounds (&abef, &cdgh, w[i], 4 * i);
        }
#pragma GCC unroll 12
      for (int i = 4; i < 16; i++)
        {
          __m128i *oldest = &w[i & 3], last = w[(i + 3) & 3], before_last = w[(i + 2) & 3];
          __m128i sum =
              _mm_add_epi32 (_mm_sha256msg1_epu32 (*oldest, w[(i + 1) & 3]), _mm_alignr_epi8 (last, before_last, 4));
          *oldest = _mm_sha256msg2_epu32 (sum, last);
          four_rounds (&abef, &cdgh, *oldest, 4 * i);
        }
      abef = _mm_add_epi32 (abef, abef_before);
      cdgh = _mm_add_epi32 (cdgh, cdgh_before);
    }
  __m128i feba = _mm_shuffle_epi32 (abef, 0x1b), dchg = _mm_shuffle_epi32 (cdgh, 0xb1);
  _mm_storeu_si128 ((__m128i *)state, _mm_blend_epi16 (feba, dchg, 0xf0));
  _mm_storeu_si128 ((__m128i *)(state + 4), _mm_alignr_epi8 (dchg, feba, 8));
}

static gboolean
has_instructions (void)
{
  unsigned a, b, c, d;
  gboolean sse = __get_cpuid (1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1);
  return sse && __get_cpuid_count (7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}
#else
static void
digest_blocks (guint32 *state, const guint8 *data, gsize blocks)
{
  g_return_if_reached ();
}

static gboolean
has_instructions (void)
{
  return FALSE;
}
#endif

/* One digest on its way. */
typedef struct
{
  GChecksum *plain; /* NULL: the processor has instructions */
  guint32 state[8];
  guint8 rest[BLOCK]; /* what is not a whole block yet */
  guint64 n;          /* bytes so far */
} Digest;

static void
digest_start (Digest *self)
{
  static const guint32 start[] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
  *self = (Digest){ .plain = has_instructions () ? NULL : g_checksum_new (G_CHECKSUM_SHA256) };
  memcpy (self->state, start, sizeof start);
}

/* @n is a multiple of BLOCK but in the last call. */
static void
digest_add (Digest *self, const guint8 *data, gsize n)
{
  if (self->plain)
    {
      g_checksum_update (self->plain, data, (gssize)n);
      return;
    }
  digest_blocks (self->state, data, n / BLOCK);
  memcpy (self->rest, data + n / BLOCK * BLOCK, n % BLOCK);
  self->n += n;
}

static void
write_big_endian (guint8 *to, guint64 v, int bytes)
{
  for (int i = 0; i < bytes; i++)
    to[i] = (guint8)(v >> 8 * (bytes - 1 - i));
}

/* The end as the standard has it: a bit, zeros, the number of bits. (transfer full) */
static char *
digest_finish (Digest *self)
{
  if (self->plain)
    {
      char *text = g_strdup (g_checksum_get_string (self->plain));
      g_clear_pointer (&self->plain, g_checksum_free);
      return text;
    }
  guint8 end[2 * BLOCK] = { 0 };
  gsize rest = self->n % BLOCK, blocks = rest < BLOCK - 8 ? 1 : 2;
  memcpy (end, self->rest, rest);
  end[rest] = 0x80;
  write_big_endian (end + blocks * BLOCK - 8, 8 * self->n, 8);
  digest_blocks (self->state, end, blocks);
  GString *text = g_string_new (NULL);
  for (int i = 0; i < 8; i++)
    g_string_append_printf (text, "%08x", self->state[i]);
  return g_string_free (text, FALSE);
}

char *
eng_digest_data (gconstpointer data, gsize n)
{
  Digest digest;
  digest_start (&digest);
  if (n > 0)
    digest_add (&digest, data, n);
  return digest_finish (&digest);
}

/* @n bytes; fewer at the end of the file; < 0 with errno. */
static gssize
read_part (int fd, guint8 *to, gsize n)
{
  gsize done = 0;
  for (gssize got = 1; done < n && got != 0;)
    if ((got = read (fd, to + done, n - done)) > 0)
      done += (gsize)got;
    else if (got < 0 && errno != EINTR)
      return -1;
  return (gssize)done;
}

/* Read, not mapped: a file that is exported anew meanwhile must not crash the program. */
static gboolean
add_file (Digest *self, int fd, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *part = g_malloc (PART);
  for (gssize n = PART; n == PART;)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if ((n = read_part (fd, part, PART)) < 0)
        return eng_fail (error, ENG_ERROR_IO, "%s", g_strerror (errno));
      if (n > 0)
        digest_add (self, part, (gsize)n);
    }
  return TRUE;
}

char *
eng_digest_file (const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  /* Without O_NONBLOCK a pipe would wait for its writer. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  Digest digest;
  gboolean ok = fd >= 0 && fstat (fd, &info) == 0;
  if (!ok)
    eng_fail (error, ENG_ERROR_IO, "%s", g_strerror (errno));
  else if (!(ok = S_ISREG (info.st_mode)))
    eng_fail (error, ENG_ERROR_IO, "not a file");
  else if (!(ok = info.st_size <= MOST))
    eng_fail (error, ENG_ERROR_IO, "it is larger than any model");
  digest_start (&digest);
  ok = ok && add_file (&digest, fd, cancellable, error);
  g_autofree char *text = digest_finish (&digest);
  if (!ok)
    g_prefix_error (error, "%s cannot be read: ", name);
  if (fd >= 0)
    close (fd);
  return ok ? g_steal_pointer (&text) : NULL;
}
