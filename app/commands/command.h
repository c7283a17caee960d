/* What the subcommands of sightline-cli share: the row of the table, exit statuses, messages,
 * options, inputs and Ctrl+C. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/engine.h"

G_BEGIN_DECLS

typedef enum
{
  APP_OK = 0,
  APP_FAILED = 1,       /* some input failed, the others were done */
  APP_USAGE = 2,        /* the command line asks for something that does not exist */
  APP_INTERRUPTED = 130 /* Ctrl+C, as shells count it */
} AppStatus;

typedef struct
{
  const char *name, *summary;
  AppStatus (*run) (int argc, char **argv); /* @argv[0] is the command's name */
} AppCommand;

extern const AppCommand app_predict, app_explain, app_check, app_sheet, app_evaluate, app_figure, app_report,
    app_methods, app_inspect, app_train;

/* "sightline-cli: ..." and a line end on stderr. */
void app_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);

/**
 * app_parse_options:
 * @synopsis: what follows the options: "IMAGE..."
 * @notes: (nullable): printed below the options by --help
 *
 * Parses and removes options; --help prints and exits with 0.
 * Returns: FALSE after a message when the line cannot be understood.
 */
gboolean app_parse_options (const AppCommand *command, const char *synopsis, const char *notes,
                            const GOptionEntry *entries, int *argc, char ***argv);

/* How passes compute. */
typedef struct
{
  int threads;
  char *kernels, *precision;
} AppCompute;

/* Rows of a GOptionEntry table for the AppCompute @c. */
#define APP_COMPUTE_ENTRIES(c)                                                                                       \
  { "threads", 0, 0, G_OPTION_ARG_INT, &(c)->threads, "Threads to use (0: all cores)", "N" },                        \
      { "kernels",        0, 0, G_OPTION_ARG_STRING, &(c)->kernels, "Arithmetic library (the fastest here)",         \
        "onednn|openblas" },                                                                                         \
  {                                                                                                                  \
    "precision", 0, 0, G_OPTION_ARG_STRING, &(c)->precision, "Arithmetic of products (float32)", "float32|bf16"      \
  }

/* FALSE after a message. Before the model is opened. */
gboolean app_compute_apply (const AppCompute *self);
void app_compute_clear (AppCompute *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AppCompute, app_compute_clear)

/* Opens a model; NULL after a message. Ctrl+C ends it. @output: (nullable): the output to explain. */
EngModel *app_open_model (const char *path, const char *output);
/* Row of a GOptionEntry table for the name of an output. */
#define APP_OUTPUT_NAME_ENTRY(text)                                                                                  \
  {                                                                                                                  \
    "output-name", 0, 0, G_OPTION_ARG_STRING, (text), "The model's output to explain, if it has several", "NAME"     \
  }

/**
 * app_expand_inputs:
 * @paths: files and folders
 * @failed: (out): set to TRUE when a folder could not be read or holds no picture (after a message)
 *
 * Folders give way to the pictures in them, sorted by name, without sub-folders.
 * Returns: (transfer full): paths
 */
GPtrArray *app_expand_inputs (char **paths, gboolean *failed);

/* From here on Ctrl+C stops what runs and keeps what was done, where the method can; SIGTERM and a second Ctrl+C
 * cancel it. Call before any thread starts. */
void app_interrupt_init (void);
gboolean app_interrupted (void);
/* Cancelled by the first of them. (transfer none) */
GCancellable *app_interrupt_cancellable (void);
/* The job that an interrupt ends; NULL: none. Not owned. */
void app_interrupt_watch (EngJob *job);
/* The same for a check, which keeps nothing, and for a training, which keeps the best so far. */
void app_interrupt_watch_check (EngCheck *check);
void app_interrupt_watch_training (EngTraining *training);

/* Adds @value, or null when it is not finite: JSON has no NaN. */
void app_json_number (JsonBuilder *builder, const char *member, double value);
void app_json_integer (JsonBuilder *builder, const char *member, gint64 value);
void app_json_string (JsonBuilder *builder, const char *member, const char *value);
/* Indented text of what @builder holds, with a line end. (transfer full) */
char *app_json_text (JsonBuilder *builder);

G_END_DECLS
