/* Stands in for libFuzzer, so that every run of the suite throws broken data at the readers: all files of
 * a folder as they are, then a few thousand mutations of them, the same ones on every machine.
 *
 *     fuzz-NAME FOLDER [RUNS]
 *
 * With FUZZ_TRACE=1 each input is named on stderr before it runs; FUZZ_DUMP=FILE keeps the last one there. */
#include <gio/gio.h>
#include <string.h>

#define RUNS 6000
#define LARGEST 65536 /* bytes of a mutated input */

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
run (const guint8 *data, gsize size, const char *name, guint number)
{
  const char *dump = g_getenv ("FUZZ_DUMP");
  if (g_getenv ("FUZZ_TRACE"))
    g_printerr ("%s %u\n", name, number);
  if (dump)
    g_file_set_contents (dump, (const char *)data, size, NULL);
  /* A block of exactly this size: AddressSanitizer sees one byte too many. */
  g_autofree guint8 *copy = g_memdup2 (data, size);
  LLVMFuzzerTestOneInput (copy, size);
}

/* Each changes @bytes in one way; never called with an empty array. */
static void
flip_bit (GRand *random, GByteArray *bytes)
{
  bytes->data[g_rand_int_range (random, 0, bytes->len)] ^= 1 << g_rand_int_range (random, 0, 8);
}

static void
set_extreme (GRand *random, GByteArray *bytes)
{
  static const guint8 extremes[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', '-', '"', '[', '}' };
  guint n = 1u << g_rand_int_range (random, 0, 3); /* MIN() would draw twice */
  n = MIN (n, bytes->len);
  guint at = g_rand_int_range (random, 0, bytes->len - n + 1);
  memset (bytes->data + at, extremes[g_rand_int_range (random, 0, G_N_ELEMENTS (extremes))], n);
}

static void
cut_end (GRand *random, GByteArray *bytes)
{
  g_byte_array_set_size (bytes, g_rand_int_range (random, 0, bytes->len));
}

static void
remove_range (GRand *random, GByteArray *bytes)
{
  guint at = g_rand_int_range (random, 0, bytes->len);
  g_byte_array_remove_range (bytes, at, g_rand_int_range (random, 0, MIN (bytes->len - at, 16) + 1));
}

static void
repeat_range (GRand *random, GByteArray *bytes)
{
  guint at = g_rand_int_range (random, 0, bytes->len), n = g_rand_int_range (random, 0, bytes->len - at + 1);
  guint8 *part = g_memdup2 (bytes->data + at, n);
  for (int times = g_rand_int_range (random, 1, 9); n > 0 && times > 0 && bytes->len + n < LARGEST; times--)
    {
      guint old = bytes->len;
      g_byte_array_set_size (bytes, old + n);
      memmove (bytes->data + at + n, bytes->data + at, old - at);
      memcpy (bytes->data + at, part, n);
    }
  g_free (part);
}

static void
copy_range (GRand *random, GByteArray *bytes)
{
  guint from = g_rand_int_range (random, 0, bytes->len), to = g_rand_int_range (random, 0, bytes->len);
  guint n = g_rand_int_range (random, 0, bytes->len - MAX (from, to) + 1);
  memmove (bytes->data + to, bytes->data + from, n);
}

static void (*const mutations[]) (GRand *random, GByteArray *bytes) = { flip_bit,     flip_bit,  set_extreme,
                                                                        set_extreme,  cut_end,   remove_range,
                                                                        repeat_range, copy_range };

static void
run_mutations (const guint8 *seed, gsize size, const char *name, guint runs)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (g_str_hash (name));
  for (guint i = 0; i < runs; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_append (g_byte_array_new (), seed, size);
      for (int n = g_rand_int_range (random, 1, 6); n > 0 && bytes->len > 0; n--)
        mutations[g_rand_int_range (random, 0, G_N_ELEMENTS (mutations))](random, bytes);
      run (bytes->data, bytes->len, name, i + 1);
    }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
list_seeds (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  g_assert_no_error (error);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; (name = g_dir_read_name (dir));)
    g_ptr_array_add (names, g_strdup (name));
  g_assert_cmpuint (names->len, >, 0);
  g_ptr_array_sort (names, compare_names);
  return names;
}

int
main (int argc, char **argv)
{
  if (argc < 2)
    {
      g_printerr ("usage: %s FOLDER [RUNS]\n", argv[0]);
      return 2;
    }
  guint runs = argc > 2 ? (guint)g_ascii_strtoull (argv[2], NULL, 10) : RUNS;
  g_autoptr (GPtrArray) names = list_seeds (argv[1]);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *path = g_build_filename (argv[1], name, NULL), *seed = NULL;
      gsize size;
      g_assert_true (g_file_get_contents (path, &seed, &size, NULL));
      run ((const guint8 *)seed, size, name, 0);
      run_mutations ((const guint8 *)seed, size, name, runs / names->len + 1);
    }
  run ((const guint8 *)"", 0, "nothing", 0);
  g_print ("%u seeds and %u mutations survived\n", names->len, (runs / names->len + 1) * names->len);
  return 0;
}
