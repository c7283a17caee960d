/* Where the time of passes goes: calls, seconds and floating-point operations of every kind of operator.
 *
 * Off by default, and then one branch for each node walked. One profile for the whole program; walks of one thread at
 * a time are measured, as passes are run anyway. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the work was for. */
typedef enum
{
  ENG_PROFILE_FORWARD,
  ENG_PROFILE_BACKWARD,
  ENG_PROFILE_UPDATE,  /* optimisers */
  ENG_PROFILE_JUDGING, /* forward walks, and what is done for them, that only score a result */
  ENG_PROFILE_OTHER,   /* between the walks: pictures, preparation, the method's own arithmetic */
  ENG_PROFILE_N_PHASES
} EngProfilePhase;

typedef struct
{
  EngProfilePhase phase;
  const char *name;  /* ONNX op_type; in the later phases also "AdamW" or ENG_PROFILE_REST; never freed */
  guint64 calls;     /* 0 for ENG_PROFILE_REST */
  double seconds;    /* of wall time */
  double operations; /* multiplications and additions of products and convolutions; 0: it has none */
} EngProfileRow;

#define ENG_PROFILE_REST "everything else"

/* Before the graphs that are to be profiled are made: their convolutions keep the kernels they were built for. */
void eng_profile_enable (gboolean on);
/**
 * eng_profile_take:
 * @seconds: (out): wall time since the profile was enabled or last taken; the rows add up to it
 *
 * Ends a profile and begins the next. Returns: (transfer full) (nullable): EngProfileRow by phase, most seconds
 * first; NULL when the profile is off.
 */
GArray *eng_profile_take (double *seconds);
/* "forward", "backward" ... */
const char *eng_profile_phase_name (EngProfilePhase phase);

/* ---- for the code that is measured ---- */
/* Whether it is on. Written by eng_profile_enable() only. */
extern gboolean eng_profile_on;

typedef struct
{
  gint64 time; /* nanoseconds; 0: the profile is off */
  double operations;
} EngProfileMark;

EngProfileMark eng_profile_mark_now (void);
void eng_profile_add_since (EngProfileMark mark, EngProfilePhase phase, const char *name);

static inline EngProfileMark
eng_profile_mark (void)
{
  return G_UNLIKELY (eng_profile_on) ? eng_profile_mark_now () : (EngProfileMark){ 0, 0 };
}

/* Counts one call of @name, a string that is never freed, from @mark to now. */
static inline void
eng_profile_add (EngProfileMark mark, EngProfilePhase phase, const char *name)
{
  if (G_UNLIKELY (mark.time))
    eng_profile_add_since (mark, phase, name);
}

/* Between these two, forward walks count as judging, and so does what is done around them. Not nested. */
void eng_profile_begin_judging (void);
void eng_profile_end_judging (void);

G_END_DECLS
