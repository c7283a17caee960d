/* See profile.h. A program has a few dozen kinds of operators: rows are found by walking them. */
#include "profile.h"

#include "../kernels/kernels.h"

#include <string.h>
#include <time.h>

gboolean eng_profile_on;

static struct
{
  GArray *rows; /* EngProfileRow */
  gint64 started, judging_since;
  double judged; /* seconds of rows since judging began */
  gboolean judging;
} profile;

static gint64
now (void)
{
  /* g_get_monotonic_time() counts microseconds, which small operators do not last. */
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (gint64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double
seconds_since (gint64 start)
{
  return (double)(now () - start) * 1e-9;
}

static void
begin (void)
{
  profile.rows = g_array_new (FALSE, FALSE, sizeof (EngProfileRow));
  profile.started = now ();
}

void
eng_profile_enable (gboolean on)
{
  g_clear_pointer (&profile.rows, g_array_unref);
  profile.judging = FALSE;
  eng_kernels_count (on);
  if (on)
    begin ();
  eng_profile_on = on;
}

static void
add (EngProfilePhase phase, const char *name, guint64 calls, double seconds, double operations)
{
  guint i = 0;
  EngProfileRow *row = (EngProfileRow *)profile.rows->data;
  while (i < profile.rows->len && (row[i].phase != phase || strcmp (row[i].name, name) != 0))
    i++;
  if (i == profile.rows->len)
    {
      EngProfileRow fresh = { phase, name };
      g_array_append_val (profile.rows, fresh);
    }
  row = &g_array_index (profile.rows, EngProfileRow, i);
  row->calls += calls;
  row->seconds += seconds;
  row->operations += operations;
}

EngProfileMark
eng_profile_mark_now (void)
{
  return (EngProfileMark){ now (), eng_kernels_counted () };
}

void
eng_profile_add_since (EngProfileMark mark, EngProfilePhase phase, const char *name)
{
  double seconds = seconds_since (mark.time);
  if (profile.judging)
    {
      phase = ENG_PROFILE_JUDGING;
      profile.judged += seconds;
    }
  add (phase, name, 1, seconds, eng_kernels_counted () - mark.operations);
}

void
eng_profile_begin_judging (void)
{
  if (!eng_profile_on)
    return;
  profile.judging = TRUE;
  profile.judging_since = now ();
  profile.judged = 0;
}

void
eng_profile_end_judging (void)
{
  if (!profile.judging)
    return;
  profile.judging = FALSE;
  add (ENG_PROFILE_JUDGING, ENG_PROFILE_REST, 0, seconds_since (profile.judging_since) - profile.judged, 0);
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const EngProfileRow *x = a, *y = b;
  return x->phase != y->phase ? (int)x->phase - (int)y->phase : (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

GArray *
eng_profile_take (double *seconds)
{
  if (!eng_profile_on)
    return NULL;
  double rest = *seconds = seconds_since (profile.started);
  for (guint i = 0; i < profile.rows->len; i++)
    rest -= g_array_index (profile.rows, EngProfileRow, i).seconds;
  add (ENG_PROFILE_OTHER, ENG_PROFILE_REST, 0, rest, 0);
  GArray *rows = profile.rows;
  begin ();
  g_array_sort (rows, compare_rows);
  return rows;
}

const char *
eng_profile_phase_name (EngProfilePhase phase)
{
  static const char *const names[ENG_PROFILE_N_PHASES] = { "forward", "backward", "update", "judging", "other" };
  return names[phase];
}
