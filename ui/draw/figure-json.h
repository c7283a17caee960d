/* Private to figure-json.c and figure-read.c: the words of the JSON form. */
#pragma once

#include "ui/draw/figure.h"

G_BEGIN_DECLS

#define UI_FIGURE_FORMAT "sightline-figure"

/* By the numbers of their enumerations, NULL-ended. */
extern const char *const ui_figure_crop_ids[], *const ui_figure_kind_ids[], *const ui_figure_mode_ids[],
                                                                                *const ui_figure_order_ids[],
                                                                                    *const ui_figure_pixels_ids[],
                                                                                        *const ui_figure_rank_ids[];

typedef struct
{
  UiFigureShow flag;
  const char *key;
} UiFigureShowKey;

extern const UiFigureShowKey ui_figure_show_keys[]; /* ended by a NULL key */

G_END_DECLS
