/* Private to engine/train/: parts of batches, filled for the net from the prepared pictures. */
#pragma once

#include "run.h"

G_BEGIN_DECLS

void eng_train_buffers_new (EngTrainRun *self);
void eng_train_buffers_free (EngTrainRun *self);
/* @places: @n <= part pictures of the data; further rows repeat the last one. Feeds the net. Where there is no data
 * (an estimate), pictures are random. @stream: of the batch's random numbers. */
gboolean eng_train_feed (EngTrainRun *self, const guint *places, int n, gboolean validating, guint32 stream,
                         EngTrainBatch *batch, GError **error);
/* Part @i of step @step: its places, self->part of them. */
void eng_train_places (EngTrainRun *self, int step, int i, guint *places);
/* @n places in an order that @seed and @stream decide (Fisher and Yates). */
void eng_train_shuffle (guint *places, guint n, guint64 seed, guint32 stream);

/* Streams of random numbers: parts of steps count from 0. */
#define ENG_STREAM_SPLIT 0x20000000u
#define ENG_STREAM_EPOCH 0x40000000u
#define ENG_STREAM_JUDGE 0x80000000u

G_END_DECLS
