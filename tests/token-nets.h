/* Small transformers of any shape, made on the spot: for methods that read attention. */
#pragma once

#include "engine.h"

typedef struct
{
  int rows, cols;    /* grid of tokens; the input is 3 x 4 rows x 4 cols */
  int prefix;        /* class and register tokens; 0: the head reads the mean of all tokens, else token 0 */
  int blocks, heads; /* width of a token: 4 for each head */
  gboolean uniform;  /* every token looks at all others evenly */
  gboolean constant; /* logits do not depend on the picture */
  gboolean gated;    /* the activation is a product of two linear layers */
} TokenNet;

enum
{
  TOKEN_CLASSES = 3,
  TOKEN_CLASS = 1 /* what token_run() explains */
};

/* (transfer full); the same net every time. Value names: stream0 .. stream<blocks>, attention0 ... */
EngModel *token_net_open (const TokenNet *net);
/* A bundled net: "scenes-vit". (transfer full) */
EngModel *token_scenes (const char *name);

EngImage *token_picture (void);       /* (transfer full) */
float *token_input (EngModel *model); /* what the model sees of it: 3 x H x W, (transfer full) */
/* @pairs: "start=1 noise=0"; (nullable). (transfer full) */
EngValues *token_values (const EngMethod *method, EngModel *model, const char *pairs);
/* A method on token_picture(). (transfer full) */
EngHeatmap *token_run (EngModel *model, const char *id, const char *pairs, guint64 seed);
int token_cells (const EngHeatmap *map);
