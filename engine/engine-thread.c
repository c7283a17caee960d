/* The engine thread: a pool of one, sorted by priority, so that opening and predicting go before
 * explaining. Results are handed to the main context; so is the last reference to what they hold. */
#include "job-private.h"

typedef struct
{
  int priority;
  guint64 order; /* first come, first served among equals */
  void (*func) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
} Task;

static GThreadPool *pool;

static int
compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Task *x = a, *y = b;
  if (x->priority != y->priority)
    return x->priority < y->priority ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

static gboolean
finish (gpointer data)
{
  Task *task = data;
  if (task->done)
    task->done (task->data);
  return G_SOURCE_REMOVE;
}

static void
run (gpointer data, gpointer user_data)
{
  Task *task = data;
  if (task->func)
    task->func (task->data);
  g_idle_add_full (G_PRIORITY_DEFAULT, finish, task, g_free);
}

void
eng_engine_push (int priority, void (*func) (gpointer data), void (*done) (gpointer data), gpointer data)
{
  static guint64 order;
  if (!pool)
    {
      pool = g_thread_pool_new (run, NULL, 1, TRUE, NULL);
      g_thread_pool_set_sort_function (pool, compare, NULL);
    }
  Task *task = g_new0 (Task, 1);
  *task = (Task){ priority, order++, func, done, data };
  g_thread_pool_push (pool, task, NULL);
}

void
eng_engine_shutdown (void)
{
  if (!pool)
    return;
  eng_job_cancel_all ();
  /* Waits for what is queued: cancelled jobs end at once. The immediate form would lose them. */
  g_thread_pool_free (g_steal_pointer (&pool), FALSE, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}
