/* The engine thread: a pool of one, sorted by priority, so that opening and predicting go before
 * explaining. Results are handed to the main context; so is the last reference to what they hold.
 *
 * Tasks wait in a queue of their own and the pool is given one token for each: long work lets the urgent ones in
 * between two of its steps, work in the background all others; the tokens of those find the queue shorter than
 * expected, which is all right. */
#include "check/check-private.h"
#include "job-private.h"
#include "train/training-private.h"

typedef struct
{
  int priority;
  guint64 order; /* first come, first served among equals */
  void (*func) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
} Task;

static GThreadPool *pool;
static GMutex lock;
static GQueue tasks;                      /* Task*, next first; behind the lock */
static __thread int gives_way = G_MININT; /* the task that runs on this thread lets those below in */

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

/* The next task that is more urgent than @than; NULL: none. */
static Task *
take (int than)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  Task *task = g_queue_peek_head (&tasks);
  return task && task->priority < than ? g_queue_pop_head (&tasks) : NULL;
}

static void
run (Task *task)
{
  int before = gives_way;
  gives_way = task->priority >= ENG_PRIORITY_BACKGROUND ? ENG_PRIORITY_BACKGROUND
              : task->priority >= 0                     ? 0
                                                        : G_MININT;
  if (task->func)
    task->func (task->data);
  gives_way = before;
  g_idle_add_full (G_PRIORITY_DEFAULT, finish, task, g_free);
}

static void
run_next (gpointer token, gpointer user_data)
{
  Task *task = take (G_MAXINT);
  if (task)
    run (task);
}

void
eng_engine_yield (void)
{
  for (Task *task; (task = take (gives_way));)
    run (task);
}

void
eng_engine_push (int priority, void (*func) (gpointer data), void (*done) (gpointer data), gpointer data)
{
  static guint64 order;
  if (!pool)
    pool = g_thread_pool_new (run_next, NULL, 1, TRUE, NULL);
  Task *task = g_new0 (Task, 1);
  *task = (Task){ priority, order++, func, done, data };
  g_mutex_lock (&lock);
  g_queue_insert_sorted (&tasks, task, compare, NULL);
  g_mutex_unlock (&lock);
  g_thread_pool_push (pool, &tasks, NULL);
}

void
eng_engine_shutdown (void)
{
  if (!pool)
    return;
  eng_job_cancel_all ();
  eng_check_cancel_all ();
  eng_training_cancel_all ();
  /* Waits for what is queued: cancelled jobs end at once. The immediate form would lose them. */
  g_thread_pool_free (g_steal_pointer (&pool), FALSE, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}
