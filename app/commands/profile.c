/* See profile.h. */
#include "app/commands/profile.h"

#include <math.h>

void
app_profile_take (AppProfile *self)
{
  app_profile_clear (self);
  self->rows = eng_profile_take (&self->seconds);
}

void
app_profile_clear (AppProfile *self)
{
  g_clear_pointer (&self->rows, g_array_unref);
}

static double
share (const AppProfile *self, double seconds)
{
  return self->seconds > 0 ? seconds / self->seconds : 0;
}

/* 10^9 floating-point operations a second; NAN: it has none to count. */
static double
gflops (const EngProfileRow *row)
{
  return row->operations > 0 && row->seconds > 0 ? row->operations / row->seconds * 1e-9 : NAN;
}

static void
print_row (const AppProfile *self, const char *indent, const EngProfileRow *row)
{
  g_autofree char *calls = row->calls ? g_strdup_printf ("%" G_GUINT64_FORMAT, row->calls) : g_strdup ("");
  g_autofree char *rate = isnan (gflops (row)) ? g_strdup ("") : g_strdup_printf ("%.1f", gflops (row));
  g_printerr ("%s%-*s %9s %10.4f %7.1f %% %9s\n", indent, *indent ? 26 : 28, row->name, calls, row->seconds,
              100 * share (self, row->seconds), rate);
}

void
app_profile_print (const AppProfile *self, const char *title)
{
  if (!self->rows)
    return;
  const EngProfileRow *rows = (const EngProfileRow *)self->rows->data;
  g_printerr ("%s: %.3f s, %d threads, kernels %s\n", title, self->seconds, eng_get_threads (),
              eng_kernels_describe ());
  g_printerr ("%-28s %9s %10s %9s %9s\n", "", "calls", "seconds", "share", "GFLOP/s");
  for (guint i = 0, end; i < self->rows->len; i = end)
    {
      EngProfileRow sum = { rows[i].phase, eng_profile_phase_name (rows[i].phase) };
      for (end = i; end < self->rows->len && rows[end].phase == rows[i].phase; end++)
        {
          sum.calls += rows[end].calls;
          sum.seconds += rows[end].seconds;
          sum.operations += rows[end].operations;
        }
      print_row (self, "", &sum);
      /* A phase of nothing but the rest is said with its sum. */
      for (guint k = sum.calls ? i : end; k < end; k++)
        print_row (self, "  ", &rows[k]);
    }
}

void
app_profile_add_json (const AppProfile *self, JsonBuilder *builder)
{
  if (!self->rows)
    return;
  json_builder_set_member_name (builder, "profile");
  json_builder_begin_object (builder);
  app_json_number (builder, "seconds", self->seconds);
  app_json_integer (builder, "threads", eng_get_threads ());
  app_json_string (builder, "kernels", eng_kernels_describe ());
  json_builder_set_member_name (builder, "rows");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->rows->len; i++)
    {
      const EngProfileRow *row = &g_array_index (self->rows, EngProfileRow, i);
      json_builder_begin_object (builder);
      app_json_string (builder, "phase", eng_profile_phase_name (row->phase));
      app_json_string (builder, "operator", row->name);
      app_json_integer (builder, "calls", (gint64)row->calls);
      app_json_number (builder, "seconds", row->seconds);
      app_json_number (builder, "share", share (self, row->seconds));
      app_json_number (builder, "gflops", gflops (row));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}
