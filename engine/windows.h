/* Square windows of cells: what TVE keeps or removes (Wang et al.: TVE, ICML 2024). Cell i of a side x side grid lies
 * in row i / side and column i % side; its window reaches @radius cells to every side, cut at the borders, and is
 * enlarged to the input by nearest neighbour. */
#pragma once

#include "method.h"

G_BEGIN_DECLS

typedef struct
{
  int side, radius;         /* in cells */
  int channels, rows, cols; /* of the input */
} EngWindows;

/* @side is cut to the pixels that the input has. */
EngWindows eng_windows_new (EngModel *model, int side, int radius);
/* @out: channels x rows x cols: @input in the window of @cell (@keep) or in all but it, @baseline in the rest.
 * @baseline: (nullable): 0, which is the mean colour of a normalised picture. */
void eng_windows_fill (const EngWindows *self, int cell, gboolean keep, const float *input, const float *baseline,
                       float *out);
/* Mean over the window of each cell, of the cells there are: @map, @pooled: side x side. */
void eng_windows_pool (const EngWindows *self, const float *map, float *pooled);

/* Meta-attributions to a map: lambda+ h (plus_i) - lambda- h (minus_i) for each cell i, where h is the logit of
 * @class_index (less that of @contrast; -1: alone) that @model's head gives the @width numbers of an embedding.
 * @plus, @minus: width x cells; the one whose weight is 0 is not read. @map: cells. Engine thread. */
gboolean eng_windows_transfer (EngModel *model, int class_index, int contrast, int width, int cells,
                               const float *plus, double lambda_plus, const float *minus, double lambda_minus,
                               float *map, GError **error);

/* Rows of the parameters that the exact and the trained form have in common. */
#define ENG_WINDOWS_PLUS_PARAM                                                                                       \
  {                                                                                                                  \
    .id = "lambda-plus", .label = "Weight of the kept window", .unit = "", .type = ENG_PARAM_FLOAT, .maximum = 10,   \
    .otherwise = 1, .help = "How much the answer to the window alone counts (lambda+). 0 leaves it out.",            \
  }
#define ENG_WINDOWS_MINUS_PARAM                                                                                      \
  {                                                                                                                  \
    .id = "lambda-minus", .label = "Weight of the removed window", .unit = "", .type = ENG_PARAM_FLOAT,              \
    .maximum = 10, .otherwise = 1,                                                                                   \
    .help = "How much the answer to the picture without the window counts (lambda−). The published demonstration " \
            "has 0, which leaves it out.",                                                                           \
  }
#define ENG_WINDOWS_POOLING_PARAM                                                                                    \
  {                                                                                                                  \
    .id = "pooling", .label = "Average over windows", .unit = "", .type = ENG_PARAM_BOOL, .maximum = 1,              \
    .help = "Each cell becomes the mean over its window, as the released demonstration draws it.",                   \
  }
/* TRUE when there is something to compute: not both weights are 0. */
gboolean eng_windows_check_lambdas (const EngValues *values, GError **error);

G_END_DECLS
