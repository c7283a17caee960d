/* Curves of a training: where they lie, what is marked, and what they say in words. */
#include <math.h>
#include <string.h>

#include "ui/draw/training-plot.h"

#define WIDTH 640
#define HEIGHT 240

static const EngExplainerKind kind = { .id = "test", .name = "Test", .score_name = "POS AUC", .score_unit = "of 90" };

/* Loss 2 down to 1, judged every tenth step; the best score is at step 20. */
static EngTrainingStatus *
make_status (int done, int steps)
{
  static char *no_names[] = { NULL };
  EngTrainingStatus *s = g_new0 (EngTrainingStatus, 1);
  s->step = done;
  s->steps = steps;
  s->data_summary = s->note = (char *)"";
  s->skipped = no_names;
  s->points = g_array_new (FALSE, TRUE, sizeof (EngTrainingPoint));
  s->marks = g_array_new (FALSE, TRUE, sizeof (EngTrainingMark));
  s->best = -1;
  for (int i = 1; i <= done; i++)
    {
      EngTrainingPoint point = { .step = i, .loss = 2 - (double)i / steps };
      g_array_append_val (s->points, point);
    }
  for (int i = 0; done > 0 && i <= done; i += 10)
    {
      EngTrainingMark mark = { .step = i, .loss = 2 - (double)i / steps, .score = 12 + fabs (i - 20.0) };
      if (i == 20)
        s->best = (int)s->marks->len;
      g_array_append_val (s->marks, mark);
    }
  return s;
}

static void
free_status (EngTrainingStatus *s)
{
  g_array_unref (s->points);
  g_array_unref (s->marks);
  g_free (s);
}

static cairo_surface_t *
draw (const EngTrainingStatus *s, double width, double height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)width, (int)height);
  cairo_t *cr = cairo_create (surface);
  PangoFontDescription *font = pango_font_description_from_string ("Sans 9");
  UiPlot look = { .background = { 1, 1, 1 }, .font = font };
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  ui_training_plot_draw (s, &kind, &look, cr, width, height);
  g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
  pango_font_description_free (font);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* Pixels in the columns from @x0 to @x1, below the legend, that are nearly @color. */
static guint
count (cairo_surface_t *surface, int x0, int x1, const double *color)
{
  guint n = 0;
  int stride = cairo_image_surface_get_stride (surface);
  for (int y = 30; y < cairo_image_surface_get_height (surface); y++)
    for (int x = x0; x < x1; x++)
      {
        const guint8 *p = cairo_image_surface_get_data (surface) + (gsize)y * stride + 4 * (gsize)x; /* BGRx */
        double off = fabs (p[2] / 255.0 - color[0]) + fabs (p[1] / 255.0 - color[1]) + fabs (p[0] / 255.0 - color[2]);
        n += off < 0.06;
      }
  return n;
}

static void
test_round (void)
{
  static const struct
  {
    double least, most, begin, end;
  } rows[] = { { 0, 1, 0, 1 }, { 0, 0.9, 0, 1 }, { 12, 44, 10, 50 }, { -0.3, 0.6, -0.5, 1.5 }, { 3, 3, 3, 3.4 } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      double begin, end;
      ui_plot_round (rows[i].least, rows[i].most, &begin, &end);
      g_test_message ("%g .. %g: %g .. %g", rows[i].least, rows[i].most, begin, end);
      g_assert_cmpfloat_with_epsilon (begin, rows[i].begin, 1e-9);
      g_assert_cmpfloat_with_epsilon (end, rows[i].end, 1e-9);
    }
}

static void
test_words (void)
{
  EngTrainingStatus *s = make_status (40, 100), *nothing = make_status (0, 100);
  g_autofree char *words = ui_training_plot_words (s, &kind), *none = ui_training_plot_words (nothing, &kind);
  g_assert_cmpstr (
      words, ==,
      "Loss 1.6 after 40 of 100 steps. On held-out pictures: POS AUC 32.0 of 90, best 12.0 of 90 after 20 "
      "steps; lower is better.");
  g_assert_cmpstr (none, ==, "No step is done yet.");
  free_status (s);
  free_status (nothing);
}

/* Loss at the left, score at the right, each in its colour; nothing is drawn where nothing is known. */
static void
test_panels (void)
{
  UiLineStyle loss, score;
  EngTrainingStatus *s = make_status (40, 100), *all = make_status (100, 100), *nothing = make_status (0, 100);
  cairo_surface_t *some = draw (s, WIDTH, HEIGHT), *full = draw (all, WIDTH, HEIGHT),
                  *none = draw (nothing, WIDTH, HEIGHT);
  ui_line_style_find ("ltx", 0, 0, &loss);
  ui_line_style_find ("integrated-gradients", 0, 0, &score);
  g_assert_cmpuint (count (some, 0, WIDTH / 2, loss.light), >, 50);
  g_assert_cmpuint (count (full, 0, WIDTH / 2, loss.light), >, count (some, 0, WIDTH / 2, loss.light));
  g_assert_cmpuint (count (some, WIDTH / 2, WIDTH, loss.light), ==, 0);
  g_assert_cmpuint (count (some, WIDTH / 2, WIDTH, score.light), >, 50);
  g_assert_cmpuint (count (some, 0, WIDTH / 2, score.light), ==, 0);
  g_assert_cmpuint (count (none, 0, WIDTH, loss.light) + count (none, 0, WIDTH, score.light), ==, 0);
  cairo_surface_destroy (some);
  cairo_surface_destroy (full);
  cairo_surface_destroy (none);
  free_status (s);
  free_status (all);
  free_status (nothing);
}

/* In a narrow drawing the panels stand below each other, and long trainings have no more points than can be seen. */
static void
test_shapes (void)
{
  EngTrainingStatus *s = make_status (20000, 20000);
  UiLineStyle score;
  ui_line_style_find ("integrated-gradients", 0, 0, &score);
  cairo_surface_t *narrow = draw (s, 300, 400), *tiny = draw (s, 20, 10);
  g_assert_cmpuint (count (narrow, 0, 150, score.light), >, 20);
  cairo_surface_destroy (narrow);
  cairo_surface_destroy (tiny);
  g_array_index (s->points, EngTrainingPoint, 7).loss = NAN; /* the last one of a training that failed */
  cairo_surface_destroy (draw (s, WIDTH, HEIGHT));
  free_status (s);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/training-plot/round", test_round);
  g_test_add_func ("/training-plot/words", test_words);
  g_test_add_func ("/training-plot/panels", test_panels);
  g_test_add_func ("/training-plot/shapes", test_shapes);
  return g_test_run ();
}
