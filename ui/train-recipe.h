/* What a training begins with, noted for the next time: so a training that was interrupted can be gone on with. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct
{
  const EngExplainerKind *kind;
  char *model_sha256;
  char *source, *labels; /* folder or list; list for a folder's pictures, NULL: none */
  char *layer;           /* NULL: automatic */
  char *output;
  EngValues *values;
} UiTrainRecipe;

void ui_train_recipe_clear (UiTrainRecipe *self);
void ui_train_recipe_remember (const UiTrainRecipe *self);
/* The last one that was remembered. @model: its defaults fill what was not said. FALSE: there is none, it was for
 * another model, or it cannot be read any more; then @self is empty. */
gboolean ui_train_recipe_recall (UiTrainRecipe *self, EngModel *model);

/* A training of @output stopped before its end and can be gone on with. */
gboolean ui_train_can_resume (const char *output);

G_END_DECLS
