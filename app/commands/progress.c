/* See progress.h. The line is drawn when the job says that it changed, at most ten times a second. */
#include "app/commands/progress.h"

#include "app/commands/command.h"

#include <math.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ui/draw/words.h"

#define BAR 24
#define PAUSE (G_USEC_PER_SEC / 10)

static struct
{
  const char *label;
  gint64 drawn;
} line;

static int
terminal_width (void)
{
  struct winsize size;
  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void
show (const char *text)
{
  /* Longer than the terminal it would wrap, and \r could not take it back. */
  g_autofree char *cut = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), terminal_width () - 1));
  g_printerr ("\r\033[K%s", cut);
}

void
app_progress_say (const char *text)
{
  if (isatty (STDERR_FILENO))
    show (text ? text : "");
}

/* @part: 0 .. 1 */
static void
put (double part, const char *words)
{
  char bar[BAR + 1] = { 0 };
  line.drawn = g_get_monotonic_time ();
  for (int i = 0; i < BAR; i++)
    bar[i] = i < part * BAR ? '#' : '.';
  g_autofree char *text = g_strdup_printf ("%s [%s] %s", line.label, bar, words);
  show (text);
}

static gboolean
is_due (void)
{
  return g_get_monotonic_time () - line.drawn >= PAUSE;
}

static void
draw (EngJob *job, gpointer data)
{
  guint done, total;
  double eta, part = eng_job_progress (job, &done, &total, &eta);
  if (eng_job_state (job) != ENG_JOB_RUNNING || total == 0 || !is_due ())
    return;
  g_autofree char *left = eta >= 0 ? ui_words_time_left (eta) : NULL;
  g_autofree char *settled = ui_words_settled (eng_job_convergence (job));
  g_autofree char *words = g_strdup_printf ("%u of %u %s%s%s%s%s", done, total, eng_job_unit (job), left ? ", " : "",
                                            left ? left : "", settled ? ", " : "", settled ? settled : "");
  put (part, words);
}

static void
draw_check (EngCheck *check, gpointer data)
{
  if (!is_due ())
    return;
  g_autofree char *words = g_strdup_printf ("%.0f %%", 100 * eng_check_progress (check));
  put (eng_check_progress (check), words);
}

static void
draw_training (EngTraining *training, gpointer data)
{
  if (!is_due ())
    return;
  g_autoptr (EngTrainingStatus) s = eng_training_status (training);
  if (s->state == ENG_TRAINING_PREPARING)
    {
      g_autofree char *reading = s->pictures && s->prepared == s->pictures
                                     ? g_strdup ("judging the untrained explainer")
                                     : g_strdup_printf ("reading pictures, %u of %u", s->prepared, s->pictures);
      put (s->pictures ? (double)s->prepared / s->pictures : 0, reading);
      return;
    }
  g_autofree char *left = s->eta >= 0 ? ui_words_time_left (s->eta) : NULL;
  double loss = s->points->len ? g_array_index (s->points, EngTrainingPoint, s->points->len - 1).loss : NAN;
  g_autofree char *words =
      g_strdup_printf ("%d of %d steps, loss %.4g%s%s", s->step, s->steps, loss, left ? ", " : "", left ? left : "");
  put ((double)s->step / s->steps, words);
}

/* FALSE: nobody looks. */
static gboolean
begin (const char *label)
{
  line.label = label;
  line.drawn = 0;
  return isatty (STDERR_FILENO);
}

static void
end (gpointer object)
{
  if (g_signal_handlers_disconnect_by_data (object, &line) > 0 && line.drawn > 0)
    g_printerr ("\r\033[K");
}

void
app_progress_begin (EngJob *job, const char *label)
{
  if (begin (label))
    g_signal_connect (job, "changed", G_CALLBACK (draw), &line);
}

void
app_progress_end (EngJob *job)
{
  end (job);
}

void
app_progress_begin_check (EngCheck *check, const char *label)
{
  if (begin (label))
    g_signal_connect (check, "changed", G_CALLBACK (draw_check), &line);
}

void
app_progress_end_check (EngCheck *check)
{
  end (check);
}

void
app_progress_begin_training (EngTraining *training, const char *label)
{
  if (begin (label))
    g_signal_connect (training, "changed", G_CALLBACK (draw_training), &line);
}

void
app_progress_end_training (EngTraining *training)
{
  end (training);
}

gboolean
app_progress_run (EngJob *job, const char *label, GError **error)
{
  app_progress_begin (job, label);
  app_interrupt_watch (job);
  gboolean done = eng_job_run (job, error);
  app_interrupt_watch (NULL);
  app_progress_end (job);
  if (!done)
    g_prefix_error (error, "%s: ", eng_image_name (eng_job_image (job)));
  return done;
}
