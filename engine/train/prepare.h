/* Pictures found become pictures prepared: decoded, resized, and what the classifier makes of each. */
#pragma once

#include "source.h"
#include "store.h"

G_BEGIN_DECLS

/**
 * eng_train_prepare:
 * @frozen: (nullable): value of the classifier to keep
 * @store: fresh; gets a note about each picture of @found, and those that are good
 *
 * Engine thread; others decode. FALSE with an error: @step said so, memory is out, or the classifier's answer is not
 * a number.
 */
gboolean eng_train_prepare (EngModel *model, const EngTrainFound *found, const char *frozen, EngTrainStore *store,
                            EngTrainDataStep step, gpointer data, GError **error);

G_END_DECLS
