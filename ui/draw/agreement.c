/* See agreement.h. */
#include "ui/draw/agreement.h"

#include <math.h>
#include <string.h>

#include "engine/check/similarity.h"
#include "engine/metrics/rank-correlation.h"

gboolean
ui_agreement_comparable (const EngHeatmap *a, const EngHeatmap *b)
{
  return memcmp (eng_heatmap_geometry (a), eng_heatmap_geometry (b), sizeof (EngGeometry)) == 0;
}

static int
n_pixels (const EngHeatmap *map)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  return geometry->input_width * geometry->input_height;
}

void
ui_agreement_measure (const EngHeatmap *a, const EngHeatmap *b, double share, UiAgreement *out)
{
  g_autofree float *va = eng_heatmap_at_input (a), *vb = eng_heatmap_at_input (b);
  int n = n_pixels (a);
  *out = (UiAgreement){ NAN, NAN };
  if (!ui_agreement_comparable (a, b) || eng_is_constant (va, n) || eng_is_constant (vb, n))
    return;
  out->rank = eng_rank_correlation (va, vb, n);
  out->overlap = eng_overlap (va, vb, n, share);
}

static void
normalise (float *v, int n, EngSign sign)
{
  float lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < n; i++)
    if (isfinite (v[i]))
      {
        lo = fminf (lo, v[i]);
        hi = fmaxf (hi, v[i]);
      }
  float zero = sign == ENG_SIGN_SIGNED ? 0 : lo, span = sign == ENG_SIGN_SIGNED ? fmaxf (-lo, hi) : hi - lo;
  for (int i = 0; i < n; i++)
    v[i] = span > 0 ? (v[i] - zero) / span : 0;
}

EngHeatmap *
ui_agreement_difference (const EngHeatmap *a, const EngHeatmap *b)
{
  const EngProvenance *of = eng_heatmap_provenance (a);
  const EngGeometry *geometry = eng_heatmap_geometry (a);
  if (!ui_agreement_comparable (a, b))
    return NULL;
  g_autofree float *va = eng_heatmap_at_input (a), *vb = eng_heatmap_at_input (b);
  int n = n_pixels (a);
  normalise (va, n, eng_heatmap_sign (a));
  normalise (vb, n, eng_heatmap_sign (b));
  for (int i = 0; i < n; i++)
    va[i] -= vb[i];
  EngProvenance provenance = {
    .model_sha256 = g_strdup (of->model_sha256),
    .image_sha256 = g_strdup (of->image_sha256),
    .model_name = g_strdup (of->model_name),
    .image_name = g_strdup (of->image_name),
    .preprocessing = g_strdup (of->preprocessing),
    .preprocessing_origin = g_strdup (of->preprocessing_origin),
    .class_index = of->class_index,
    .class_name = g_strdup (of->class_name),
    .probability = of->probability,
    .contrast_index = of->contrast_index,
    .contrast_name = g_strdup (of->contrast_name),
    .method_id = g_strdup ("difference"),
    .method_name = g_strdup_printf ("%s − %s", of->method_name, eng_heatmap_provenance (b)->method_name),
    .values = g_strdup ("{}"),
    .layer = g_strdup (""),
    .version = g_strdup (of->version),
    .kernels = g_strdup (of->kernels),
    .selected = g_strdup ("both normalised, then subtracted"),
    .unit = g_strdup (""),
    .convergence = NAN,
    .seconds = -1,
  };
  return eng_heatmap_new (va, 1, geometry->input_height, geometry->input_width, ENG_SIGN_SIGNED,
                          ENG_UPSAMPLE_BILINEAR, geometry, &provenance);
}
