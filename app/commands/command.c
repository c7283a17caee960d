/* See command.h. Ctrl+C: the signals are blocked in every thread but one that waits for them, so
 * that stopping may take locks. The first one keeps what a method can keep, the second cancels, a
 * third ends the program at once. */
#include "app/commands/command.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct
{
  GMutex mutex;
  EngJob *job;
  EngCheck *check;
  EngTraining *training;
  GCancellable *cancellable;
} interrupt;

void
app_complain (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("sightline-cli: %s\n", message);
}

gboolean
app_parse_options (const AppCommand *command, const char *synopsis, const char *notes, const GOptionEntry *entries,
                   int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (synopsis);
  g_autofree char *name = g_strdup_printf ("sightline-cli %s", command->name);
  g_set_prgname (name); /* the usage line starts with it */
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, notes);
  if (g_option_context_parse (context, argc, argv, &error))
    return TRUE;
  app_complain ("%s; see %s --help", error->message, name);
  return FALSE;
}

/* The names of the kernel sets of this build. (transfer full) */
static char *
kernel_names (void)
{
  GString *s = g_string_new (NULL);
  gboolean available;
  const char *name;
  for (guint i = 0; (name = eng_kernels_nth (i, &available)); i++)
    g_string_append_printf (s, "%s%s%s", i ? " or " : "", name, available ? "" : " (not on this machine)");
  return g_string_free (s, FALSE);
}

gboolean
app_compute_apply (const AppCompute *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *names = kernel_names ();
  gboolean bf16 = g_strcmp0 (self->precision, "bf16") == 0;
  if (self->threads < 0 || self->threads > 1024)
    app_complain ("--threads %d is not between 0 (all cores) and 1024", self->threads);
  else if (self->kernels && !eng_kernels_select (self->kernels, &error))
    app_complain ("--kernels %s: %s; there is %s", self->kernels, error->message, names);
  else if (self->precision && !bf16 && g_strcmp0 (self->precision, "float32") != 0)
    app_complain ("--precision %s is neither float32 nor bf16", self->precision);
  else if (bf16 && !eng_set_precision (ENG_PRECISION_BF16, &error))
    app_complain ("--precision bf16: %s", error->message);
  else
    {
      eng_set_threads (self->threads);
      return TRUE;
    }
  return FALSE;
}

void
app_compute_clear (AppCompute *self)
{
  g_free (self->kernels);
  g_free (self->precision);
}

EngModel *
app_open_model (const char *path, const char *output)
{
  g_autoptr (GError) error = NULL;
  EngModel *model = eng_model_open_output (path, output, interrupt.cancellable, &error);
  if (!model && !app_interrupted ())
    app_complain ("%s", error->message);
  return model;
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *)a, *(char *const *)b);
}

static gboolean
expand_folder (const char *path, GPtrArray *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  g_autofree char *shown = g_filename_display_name (path);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  if (!dir)
    {
      app_complain ("%s", error->message);
      return FALSE;
    }
  for (const char *name; (name = g_dir_read_name (dir));)
    if (eng_image_is_candidate (name))
      g_ptr_array_add (found, g_build_filename (path, name, NULL));
  g_ptr_array_sort (found, compare_paths);
  for (guint i = 0; i < found->len; i++)
    g_ptr_array_add (out, found->pdata[i]);
  if (found->len == 0)
    app_complain ("%s: no pictures in this folder; name a folder that holds PNG, JPEG, TIFF, WebP or BMP files",
                  shown);
  return found->len > 0;
}

GPtrArray *
app_expand_inputs (char **paths, gboolean *failed)
{
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);
  for (; *paths; paths++)
    if (!g_file_test (*paths, G_FILE_TEST_IS_DIR))
      g_ptr_array_add (out, g_strdup (*paths));
    else if (!expand_folder (*paths, out))
      *failed = TRUE;
  return out;
}

static gpointer
wait_for_signals (gpointer data)
{
  sigset_t *signals = data;
  for (int seen = 0, number; sigwait (signals, &number) == 0;)
    {
      if (++seen > 2)
        _exit (APP_INTERRUPTED);
      g_cancellable_cancel (interrupt.cancellable);
      g_mutex_lock (&interrupt.mutex);
      if (interrupt.job && seen == 1 && number == SIGINT)
        eng_job_stop (interrupt.job);
      else if (interrupt.job)
        eng_job_cancel (interrupt.job);
      if (interrupt.check)
        eng_check_cancel (interrupt.check);
      if (interrupt.training && seen == 1 && number == SIGINT)
        eng_training_stop (interrupt.training);
      else if (interrupt.training)
        eng_training_cancel (interrupt.training);
      g_mutex_unlock (&interrupt.mutex);
    }
  return NULL;
}

void
app_interrupt_init (void)
{
  static sigset_t signals;
  interrupt.cancellable = g_cancellable_new ();
  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  g_thread_unref (g_thread_new ("signals", wait_for_signals, &signals));
}

gboolean
app_interrupted (void)
{
  return g_cancellable_is_cancelled (interrupt.cancellable);
}

GCancellable *
app_interrupt_cancellable (void)
{
  return interrupt.cancellable;
}

void
app_interrupt_watch (EngJob *job)
{
  g_mutex_lock (&interrupt.mutex);
  interrupt.job = job;
  if (job && app_interrupted ())
    eng_job_cancel (job);
  g_mutex_unlock (&interrupt.mutex);
}

void
app_interrupt_watch_check (EngCheck *check)
{
  g_mutex_lock (&interrupt.mutex);
  interrupt.check = check;
  if (check && app_interrupted ())
    eng_check_cancel (check);
  g_mutex_unlock (&interrupt.mutex);
}

void
app_interrupt_watch_training (EngTraining *training)
{
  g_mutex_lock (&interrupt.mutex);
  interrupt.training = training;
  if (training && app_interrupted ())
    eng_training_cancel (training);
  g_mutex_unlock (&interrupt.mutex);
}

void
app_json_number (JsonBuilder *builder, const char *member, double value)
{
  json_builder_set_member_name (builder, member);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
app_json_integer (JsonBuilder *builder, const char *member, gint64 value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_int_value (builder, value);
}

void
app_json_string (JsonBuilder *builder, const char *member, const char *value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, value ? value : "");
}

char *
app_json_text (JsonBuilder *builder)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  g_autofree char *text = json_generator_to_data (generator, NULL);
  return g_strconcat (text, "\n", NULL);
}
