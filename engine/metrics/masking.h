/* How part of a picture is taken away: which part, and what stands in its place. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  ENG_MASK_REMOVE, /* the first k pixels of a ranking are replaced */
  ENG_MASK_KEEP    /* all others are */
} EngMaskMode;

/* The first five are those of EngBaseline, in its order. */
typedef enum
{
  ENG_FILL_ZERO,
  ENG_FILL_BLACK,
  ENG_FILL_MEAN,
  ENG_FILL_BLUR,
  ENG_FILL_NOISE,
  ENG_FILL_RISE_BLUR,
  ENG_FILL_IMPUTED,
  ENG_N_FILLS
} EngFill;

/* One row per fill. */
typedef struct
{
  const char *id;    /* "black": CLI, sessions */
  const char *name;  /* for people: "Black" */
  const char *about; /* what exactly it is, a sentence */
  gboolean seeded;   /* depends on EngMasking.seed */
  gboolean per_mask; /* computed for each masked picture anew (a tenth of a second), not once per picture */
} EngFillInfo;

typedef struct
{
  EngMaskMode mode;
  EngFill fill;
  guint64 seed; /* of seeded fills */
} EngMasking;

const EngFillInfo *eng_fill_info (EngFill fill);
/* The row of that id; -1: none. */
int eng_fill_find (const char *id);
gboolean eng_masking_equal (const EngMasking *a, const EngMasking *b);

G_END_DECLS
