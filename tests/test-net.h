/* A model with a picture, for tests of methods: run a method, or one pass with values given and read. */
#pragma once

#include "engine.h"
#include "toy-nets.h"

typedef struct
{
  EngModel *model;
  EngGraph *graph;
  EngImage *image;
  float *x; /* what the model sees */
} TestNet;

/* All clear what they take with test_net_clear(). */
void test_net_take (TestNet *self, EngModel *model, EngImage *image); /* (transfer full) both */
void test_net_toy (TestNet *self, const Toy *toy);
void test_net_scene (TestNet *self, const char *name); /* a bundled net with a picture of a harbour */
void test_net_clear (TestNet *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestNet, test_net_clear)

enum
{
  TEST_CLASS = 1 /* what is explained */
};

/* @pairs: (nullable): "relu=false variant=...". NULL with an error */
EngHeatmap *test_net_try (TestNet *self, const char *id, const char *pairs, const char *layer, int contrast,
                          GError **error);
EngHeatmap *test_net_run (TestNet *self, const char *id, const char *pairs, const char *layer);
/* One pass. @x: the picture (NULL: the net's own); @name, @given: a value given instead of computed (NULL: none);
 * @wanted: (nullable): a value to read into @value; @grad: (nullable): d logit of TEST_CLASS / d @wanted.
 * Returns: the logit of TEST_CLASS. */
double test_net_evaluate (TestNet *self, const float *x, const char *name, const float *given, const char *wanted,
                          float *value, float *grad);
/* Value of a note; the test fails where there is none. */
double test_note (const EngHeatmap *map, const char *id);
/* Relative L2 of @n numbers; zeros must be zeros. */
void test_assert_close (const char *what, const float *map, const double *expected, gsize n, double tolerance);
