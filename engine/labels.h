/* Class names: files with one name per line, and the lists that are built in. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eng_labels_builtin:
 * @n_classes: classes of the model
 *
 * ImageNet-1k for 1000, CIFAR-10 for 10. The number alone proves nothing, so a caller that has no
 * further sign (such as a 32 x 32 RGB input for CIFAR-10) should not take the ten.
 * Returns: (transfer none): NULL-ended, @n_classes names that live for ever; NULL: none built in. Any thread.
 */
const char *const *eng_labels_builtin (int n_classes);

/**
 * eng_labels_load:
 * @path: UTF-8 text, one name per line in class order; line ends of Unix or Windows
 *
 * Returns: (transfer full): NULL-ended, at least one name; NULL with an error that names file and line.
 */
char **eng_labels_load (const char *path, GError **error);
/* The same from memory. @name: for messages. */
char **eng_labels_parse (const char *text, gsize length, const char *name, GError **error);

/* What one name, and a list of them, may measure: far above any real list, far below what hurts. */
#define ENG_LABELS_MAX_COUNT 1000000
#define ENG_LABELS_MAX_LENGTH 1000 /* bytes of one name */
#define ENG_LABELS_MAX_FILE (64 * 1024 * 1024)

G_END_DECLS
