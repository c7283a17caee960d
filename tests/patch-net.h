/* Samples for tests of methods: a linear classifier that reads one patch of the picture, so that answers are known,
 * and the bundled nets; and running a method on them. */
#pragma once

#include "engine.h"

enum
{
  TEST_SIDE = 16, /* of input and picture */
  TEST_PATCH_FROM = 4,
  TEST_PATCH_TO = 10 /* exclusive; rows and columns */
};

typedef struct
{
  EngModel *model;
  EngImage *image;
} TestSample;

void test_sample_clear (TestSample *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestSample, test_sample_clear)

/* @i: index into any number of planes TEST_SIDE x TEST_SIDE. */
gboolean test_in_patch (int i);
/* Logits (mean over the patch of @weight x, + 0.25; 0), 1 or 3 channels; x is the pixel in [0,1] less a half. The
 * picture is bright on the patch, dark elsewhere, with some texture. */
TestSample test_patch_sample (int channels, float weight);
/* The bundled net of that name with a picture of a harbour. */
TestSample test_scene_sample (const char *model_name);
/* @pairs: "steps=3 samples=2"; (transfer full) */
EngValues *test_values (const EngMethod *method, const char *pairs);
/* Explains class 0 rather than @contrast (-1: alone). (transfer full) */
EngHeatmap *test_run (const TestSample *self, const EngMethod *method, const char *pairs, int contrast, guint64 seed);
gsize test_map_size (const EngHeatmap *map);
