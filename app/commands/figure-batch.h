/* A figure made from the command line's words: many pictures, some methods, one or more classifiers. */
#pragma once

#include "ui/draw/figure.h"

G_BEGIN_DECLS

typedef struct
{
  char **models;    /* paths */
  char **images;    /* files and folders */
  char *methods;    /* ids with commas between */
  char *class_text; /* NULL or "top": each model's first choice */
  char *scores;     /* ids of protocols with commas between; NULL: none */
  gint64 seed;
} AppFigureBatch;

/**
 * app_figure_batch:
 * @failed: (out): set to TRUE when a folder could not be read (after a message)
 *
 * A row per picture and model, a column for the photo and one per method.
 * Returns: (transfer full): NULL with an error.
 */
UiFigure *app_figure_batch (const AppFigureBatch *options, gboolean *failed, GError **error);

G_END_DECLS
