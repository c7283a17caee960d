/* What the command train draws and lists. */
#pragma once

#include "app/commands/command.h"

G_BEGIN_DECLS

/* Loss and score by steps as a PNG, in light colours. FALSE with an error. */
gboolean app_training_draw (const EngTrainingStatus *status, const EngExplainerKind *kind, const char *path,
                            GError **error);
/* The kinds named, or all (@ids: NULL), with parameters; @model_path: (nullable): says which can be trained for it.
 */
AppStatus app_kinds_print (char **ids, const char *model_path, const char *output_name, gboolean json);

G_END_DECLS
