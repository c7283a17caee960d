/* Linear interpolation of scattered pixels: Delaunay triangles by Qhull (Barber, Dobkin and Huhdanpaa, 1996), called
 * with the options and the order of points of scipy.interpolate.griddata, so that ties fall as in the published
 * performance information curves. Inside a triangle the arithmetic is exact, in whole numbers. */
#include "scatter.h"

#include "../error.h"

#include <libqhull_r/qhull_ra.h>
#include <math.h>
#include <string.h>

typedef struct
{
  int x, y;
} Point;

/* Twice the signed area of a, b, p. */
static inline gint64
edge (Point a, Point b, Point p)
{
  return (gint64)(b.x - a.x) * (p.y - a.y) - (gint64)(b.y - a.y) * (p.x - a.x);
}

/* sum / area, halves to the even neighbour; both positive or zero. */
static inline guint8
divide (gint64 sum, gint64 area)
{
  gint64 whole = sum / area, rest = 2 * (sum % area);
  return (guint8)(whole + (rest > area || (rest == area && (whole & 1))));
}

static void
fill_triangle (const guint8 *rgb, const guint8 *known, int cols, Point a, Point b, Point c, guint8 *out)
{
  gint64 area = edge (a, b, c);
  if (area < 0)
    {
      Point swap = b;
      b = c;
      c = swap;
      area = -area;
    }
  if (area == 0) /* Qhull makes such ones where points lie on a line */
    return;
  const guint8 *va = rgb + 3 * (a.y * cols + a.x), *vb = rgb + 3 * (b.y * cols + b.x),
               *vc = rgb + 3 * (c.y * cols + c.x);
  for (int y = MIN (a.y, MIN (b.y, c.y)); y <= MAX (a.y, MAX (b.y, c.y)); y++)
    for (int x = MIN (a.x, MIN (b.x, c.x)); x <= MAX (a.x, MAX (b.x, c.x)); x++)
      {
        Point p = { x, y };
        gint64 u = edge (b, c, p), v = edge (c, a, p), w = edge (a, b, p);
        int at = y * cols + x;
        if (u < 0 || v < 0 || w < 0 || known[at])
          continue;
        for (int k = 0; k < 3; k++)
          out[3 * at + k] = divide (u * va[k] + v * vb[k] + w * vc[k], area);
      }
}

static void
fill_facets (qhT *qh, const Point *points, int n, const guint8 *rgb, const guint8 *known, int cols, guint8 *out)
{
  facetT *facet;
  vertexT *vertex, **vertexp;
  for (facet = qh->facet_list; facet && facet->next; facet = facet->next)
    {
      int corner[3], k = 0;
      if (facet->upperdelaunay || !facet->simplicial)
        continue;
      FOREACHvertex_ (facet->vertices)
      {
        int id = qh_pointid (qh, vertex->point);
        if (k < 3 && id >= 0 && id < n) /* number n is the point at infinity of option Qz */
          corner[k++] = id;
      }
      if (k == 3)
        fill_triangle (rgb, known, cols, points[corner[0]], points[corner[1]], points[corner[2]], out);
    }
}

static gboolean
triangulate (const Point *points, int n, const guint8 *rgb, const guint8 *known, int cols, guint8 *out,
             GError **error)
{
  g_autofree double *coordinates = g_new (double, 2 * (gsize)n);
  g_autofree qhT *qh = g_new0 (qhT, 1);
  char options[] = "qhull d Qbb Qc Qz Q12 Qt";
  int left, bytes;
  for (int i = 0; i < n; i++)
    {
      coordinates[2 * i] = points[i].y; /* row, column, as numpy counts */
      coordinates[2 * i + 1] = points[i].x;
    }
  qh_zero (qh, NULL);
  int failed = qh_new_qhull (qh, 2, n, coordinates, False, options, NULL, NULL);
  if (!failed)
    fill_facets (qh, points, n, rgb, known, cols, out);
  qh_freeqhull (qh, !qh_ALL);
  qh_memfreeshort (qh, &left, &bytes);
  return !failed
         || eng_fail (error, ENG_ERROR_INVALID, "The Delaunay triangulation of %d pixels failed (Qhull error %d).", n,
                      failed);
}

gboolean
eng_scatter_fill (const guint8 *rgb, const guint8 *known, int rows, int cols, guint8 *out, GError **error)
{
  gsize n = (gsize)rows * cols;
  g_autofree guint8 *given = g_memdup2 (known, n);
  g_autofree Point *points = g_new (Point, n);
  int n_points = 0;
  given[0] = given[cols - 1] = given[n - cols] = given[n - 1] = TRUE;
  memcpy (out, rgb, 3 * n);
  for (gsize i = 0; i < n; i++)
    if (given[i])
      points[n_points++] = (Point){ (int)(i % cols), (int)(i / cols) };
  if (n_points == (int)n)
    return TRUE;
  return triangulate (points, n_points, rgb, given, cols, out, error);
}
