/* Milliseconds of a figure of 6 x 8 panels, two columns wide, from scenes of the sample: made, made again after a
 * label or the opacity changed, drawn at the screen's size, and as PDF; megabytes of the PDF. */
#include <math.h>
#include <time.h>

#include "engine/engine.h"
#include "ui/draw/figure-export.h"

#define ROWS 6
#define COLUMNS 8
#define GRID 96

static double started;
static clock_t used;

static void
begin (void)
{
  started = (double)g_get_monotonic_time ();
  used = clock ();
}

/* Time on the wall, and of the processor: they differ on a machine that others use. */
static void
end (const char *what)
{
  g_print ("%-28s %8.1f ms %8.1f ms of the processor\n", what, ((double)g_get_monotonic_time () - started) / 1000,
           (double)(clock () - used) * 1000 / CLOCKS_PER_SEC);
}

/* A rough surface with both signs, as fine as the model's input for every second column. */
static EngHeatmap *
make_map (EngImage *image, guint column)
{
  int side = column % 2 ? GRID : 6;
  g_autofree float *values = g_new (float, side *side);
  EngGeometry g = { eng_image_width (image),
                    eng_image_height (image),
                    GRID,
                    GRID,
                    eng_image_width (image) / (double)GRID,
                    eng_image_height (image) / (double)GRID };
  EngProvenance p = { .method_id = g_strdup ("ltx"), .method_name = g_strdup ("LTX"), .contrast_index = -1 };
  g.view_x1 = g.view_y1 = GRID;
  for (int i = 0; i < side * side; i++)
    values[i] = (float)(sin (i * 0.37) * cos (i * 1.7 + column));
  return eng_heatmap_new (values, 1, side, side, column % 2 ? ENG_SIGN_SIGNED : ENG_SIGN_UNSIGNED,
                          ENG_UPSAMPLE_BILINEAR, &g, &p);
}

static void
draw_screen (const UiFigureDrawing *drawing)
{
  double width, height, zoom = 96.0 / 72;
  ui_figure_drawing_size (drawing, 0, &width, &height);
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)(width / 25.4 * 96), (int)(height / 25.4 * 96));
  cairo_t *cr = cairo_create (surface);
  cairo_scale (cr, zoom, zoom);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  ui_figure_drawing_draw (drawing, cr, 0);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
}

int
main (int argc, char **argv)
{
  static const char *const scenes[ROWS] = { "harbour-01", "harbour-02", "valley-01",
                                            "reef-01",    "meadow-01",  "kitchen-01" };
  g_autoptr (UiFigure) figure = ui_figure_new ();
  g_autoptr (GError) error = NULL;
  figure->width = 174;
  ui_figure_add_model (figure, "net.onnx", NULL);
  for (int r = 0; r < ROWS; r++)
    ui_figure_add_row (figure, scenes[r], NULL)->label = g_strdup (scenes[r]);
  ui_figure_add_column (figure, UI_COLUMN_PHOTO, NULL);
  for (int c = 1; c < COLUMNS; c++)
    ui_figure_add_column (figure, UI_COLUMN_MAP, c % 2 ? "gradient" : "ltx");
  g_autoptr (UiFigureCells) cells = ui_figure_cells_new (figure);
  for (guint r = 0; r < ROWS; r++)
    {
      g_autofree char *path = g_strdup_printf ("%s/scenes/%s.png", g_getenv ("SIGHTLINE_DATA"), scenes[r]);
      g_autoptr (EngImage) image = eng_image_load (path, &error);
      g_assert_no_error (error);
      for (guint c = 0; c < COLUMNS; c++)
        {
          UiFigureCell *cell = ui_figure_cells_at (cells, r, c);
          g_autoptr (EngHeatmap) map = make_map (image, c);
          ui_figure_cell_set_image (cell, image);
          if (c > 0)
            ui_figure_cell_set_map (cell, map);
          for (int k = 0; k < 2; k++)
            ui_figure_cell_add_score (cell, eng_protocol_find (k ? "rise-insertion" : "rise-deletion", NULL), NULL,
                                      0.5);
        }
    }
  begin ();
  g_autoptr (UiFigureDrawing) first = ui_figure_drawing_new (figure, cells, NULL);
  end ("made");
  begin ();
  draw_screen (first);
  end ("drawn at 96 dpi");
  figure->gap = 1.5;
  begin ();
  g_autoptr (UiFigureDrawing) second = ui_figure_drawing_new (figure, cells, first);
  draw_screen (second);
  end ("gap changed, and drawn");
  figure->display.opacity = 0.6;
  begin ();
  g_autoptr (UiFigureDrawing) third = ui_figure_drawing_new (figure, cells, second);
  draw_screen (third);
  end ("opacity changed, and drawn");
  UiFigureExport options;
  ui_figure_export_init (&options);
  begin ();
  g_autoptr (GBytes) pdf = ui_figure_encode (third, &options, 0, &error);
  g_assert_no_error (error);
  end ("PDF");
  g_print ("%-28s %8.2f MB\n", "PDF", (double)g_bytes_get_size (pdf) / 1e6);
  return 0;
}
