/* AdamW; the arithmetic and its source stand in optim.h. */
#include "optim.h"

#include "../kernels/clones.h"
#include "../kernels/vector.h"
#include "profile.h"

#include <math.h>
#include <string.h>

typedef struct
{
  float *weight, *m, *v; /* m and v: n each, in the optimiser's moments */
  EngValue *value;
  int64_t n;
} Slot;

struct _EngAdamW
{
  EngPass *pass;
  EngAdamWSettings settings;
  Slot *slots;
  int n;
  gint64 step;
  float *moments; /* of all slots, one after another; undefined before the first step */
  gsize bytes;
};

/* Once weight and n of every slot are set. The first step, for which moments are zero, does not read them: reading
 * memory that is new to the process before writing it costs two traps a page, which took longer than ten steps. */
static void
allot_moments (EngAdamW *self)
{
  int64_t count = 0;
  for (int i = 0; i < self->n; i++)
    count += 2 * self->slots[i].n;
  self->bytes = sizeof (float) * (gsize)count;
  self->moments = eng_try_alloc (self->bytes);
  if (!self->moments)
    g_error ("not enough memory for the moments of an optimiser (%" G_GSIZE_FORMAT " bytes)", self->bytes);
  float *m = self->moments;
  for (int i = 0; i < self->n; m += 2 * self->slots[i].n, i++)
    {
      self->slots[i].m = m;
      self->slots[i].v = m + self->slots[i].n;
    }
}

EngAdamW *
eng_adamw_new (EngPass *pass, EngValue *const *weights, int n, const EngAdamWSettings *settings)
{
  EngAdamW *self = g_new0 (EngAdamW, 1);
  self->pass = pass;
  self->settings = *settings;
  self->n = n;
  self->slots = g_new0 (Slot, n);
  for (int i = 0; i < n; i++)
    {
      Slot *s = &self->slots[i];
      s->value = weights[i];
      s->weight = eng_pass_weight (pass, weights[i]);
      s->n = eng_shape_count (&weights[i]->shape);
    }
  allot_moments (self);
  return self;
}

EngAdamW *
eng_adamw_new_array (float *values, gsize n, const EngAdamWSettings *settings)
{
  EngAdamW *self = g_new0 (EngAdamW, 1);
  self->settings = *settings;
  self->n = 1;
  self->slots = g_new0 (Slot, 1);
  self->slots->weight = values;
  self->slots->n = (int64_t)n;
  allot_moments (self);
  return self;
}

void
eng_adamw_free (EngAdamW *self)
{
  if (!self)
    return;
  eng_free (self->moments);
  g_free (self->slots);
  g_free (self);
}

gsize
eng_adamw_state_size (const EngAdamW *self)
{
  return sizeof self->step + self->bytes;
}

static int64_t
largest (const EngAdamW *self)
{
  int64_t n = 0;
  for (int i = 0; i < self->n; i++)
    n = MAX (n, self->slots[i].n);
  return n;
}

/* Between a slot's moments and those of a state, which has them in the order of ONNX and at any address. @plain: room
 * for them. */
static void
save_moments (const EngAdamW *self, const Slot *s, const float *moments, float *plain, guint8 **state)
{
  gsize bytes = sizeof *plain * (gsize)s->n;
  if (s->value)
    eng_pass_gather_weight (self->pass, s->value, moments, plain);
  memcpy (*state, s->value ? plain : moments, bytes);
  *state += bytes;
}

static void
load_moments (const EngAdamW *self, const Slot *s, float *moments, float *plain, const guint8 **state)
{
  gsize bytes = sizeof *plain * (gsize)s->n;
  memcpy (s->value ? plain : moments, *state, bytes);
  if (s->value)
    eng_pass_lay_weight (self->pass, s->value, plain, moments);
  *state += bytes;
}

void
eng_adamw_save (const EngAdamW *self, guint8 *state)
{
  g_autofree float *plain = g_new (float, largest (self));
  memcpy (state, &self->step, sizeof self->step);
  state += sizeof self->step;
  if (self->step == 0)
    memset (state, 0, self->bytes);
  for (int i = 0; self->step && i < self->n; i++)
    {
      const Slot *s = &self->slots[i];
      save_moments (self, s, s->m, plain, &state);
      save_moments (self, s, s->v, plain, &state);
    }
}

void
eng_adamw_load (EngAdamW *self, const guint8 *state)
{
  g_autofree float *plain = g_new (float, largest (self));
  memcpy (&self->step, state, sizeof self->step);
  state += sizeof self->step;
  for (int i = 0; i < self->n; i++)
    {
      const Slot *s = &self->slots[i];
      load_moments (self, s, s->m, plain, &state);
      load_moments (self, s, s->v, plain, &state);
    }
}

typedef struct
{
  float *w, *m, *v;
  const float *g;
  float keep, beta1, beta2, step_size, root_correction, epsilon;
  gboolean first;
} Update;

ENG_INLINE void
update_from (const Update *u, int64_t begin, int64_t end, gboolean first)
{
  float *restrict w = u->w, *restrict m = u->m, *restrict v = u->v;
  const float *restrict g = u->g;
  const float keep = u->keep, b1 = u->beta1, b2 = u->beta2, step = u->step_size, root = u->root_correction;
  const float epsilon = u->epsilon;
  for (int64_t i = begin; i < end; i++)
    {
      m[i] = b1 * (first ? 0 : m[i]) + (1 - b1) * g[i];
      v[i] = b2 * (first ? 0 : v[i]) + (1 - b2) * g[i] * g[i];
      w[i] = w[i] * keep - step * m[i] / (sqrtf (v[i]) / root + epsilon);
    }
}

ENG_CLONES static void
update_range (const Update *u, int64_t begin, int64_t end)
{
  if (u->first)
    update_from (u, begin, end, TRUE);
  else
    update_from (u, begin, end, FALSE);
}

static void
update (int64_t begin, int64_t end, gpointer data)
{
  update_range (data, begin, end);
}

static void
step_slot (EngAdamW *self, Slot *slot, const float *gradient)
{
  const EngAdamWSettings *s = &self->settings;
  Update u = { .w = slot->weight,
               .m = slot->m,
               .v = slot->v,
               .g = gradient,
               .keep = (float)(1 - s->learning_rate * s->weight_decay),
               .beta1 = (float)s->beta1,
               .beta2 = (float)s->beta2,
               .step_size = (float)(s->learning_rate / (1 - pow (s->beta1, self->step))),
               .root_correction = (float)sqrt (1 - pow (s->beta2, self->step)),
               .epsilon = (float)s->epsilon,
               .first = self->step == 1 };
  /* A weight that the loss does not depend on has no gradient; PyTorch leaves it alone too. */
  if (u.g)
    eng_parallel (slot->n, 1, update, &u);
  else if (u.first)
    memset (slot->m, 0, 2 * sizeof (float) * (gsize)slot->n);
}

void
eng_adamw_set_rate (EngAdamW *self, double learning_rate)
{
  self->settings.learning_rate = learning_rate;
}

void
eng_adamw_step (EngAdamW *self)
{
  EngProfileMark mark = eng_profile_mark ();
  self->step++;
  for (int i = 0; i < self->n; i++)
    step_slot (self, &self->slots[i], eng_pass_weight_grad (self->pass, self->slots[i].value));
  eng_profile_add (mark, ENG_PROFILE_UPDATE, "AdamW");
}

void
eng_adamw_step_array (EngAdamW *self, const float *gradient)
{
  EngProfileMark mark = eng_profile_mark ();
  self->step++;
  step_slot (self, self->slots, gradient);
  eng_profile_add (mark, ENG_PROFILE_UPDATE, "AdamW");
}
