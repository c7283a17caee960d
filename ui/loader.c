/* See loader.h. The thread hands its task back whole: what the task owns is never freed on a thread
 * that does not own it. */
#include "ui/loader.h"

typedef struct
{
  int priority;
  guint number;
  void (*work) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
} Task;

static GThreadPool *pool;
static guint pushed, delivered;

static gboolean
deliver (gpointer data)
{
  Task *task = data;
  delivered++;
  task->done (task->data);
  g_free (task);
  return G_SOURCE_REMOVE;
}

static void
run (gpointer data, gpointer unused)
{
  Task *task = data;
  task->work (task->data);
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver, task, NULL);
}

static int
compare (gconstpointer a, gconstpointer b, gpointer unused)
{
  const Task *x = a, *y = b;
  return x->priority != y->priority ? x->priority - y->priority : (int)(x->number - y->number);
}

void
ui_loader_push (int priority, void (*work) (gpointer data), void (*done) (gpointer data), gpointer data)
{
  if (!pool)
    {
      pool = g_thread_pool_new (run, NULL, 2, FALSE, NULL);
      g_thread_pool_set_sort_function (pool, compare, NULL);
    }
  Task *task = g_new (Task, 1);
  *task = (Task){ priority, pushed++, work, done, data };
  g_thread_pool_push (pool, task, NULL);
}

void
ui_loader_shutdown (void)
{
  if (pool)
    g_thread_pool_free (g_steal_pointer (&pool), FALSE, TRUE);
  while (delivered != pushed)
    g_main_context_iteration (NULL, TRUE);
}
