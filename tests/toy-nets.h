/* Small classifiers of three classes, made on the spot: for what must hold of every method on every kind of network.
 */
#pragma once

#include "engine.h"

typedef enum
{
  TOY_CNN,        /* three convolutions with ReLU at size, size / 2, size / 4 cells (from 64 pixels on: of 32) */
  TOY_CNN_POINT,  /* ... and a fourth that leaves a single cell */
  TOY_POINT,      /* one convolution that leaves a single cell */
  TOY_LINEAR,     /* one linear layer on the pixels: no map at all */
  TOY_POOLS,      /* linear: two channels, halved twice by means, mean, linear layer */
  TOY_TRANSFORMER /* 4 x 4 tokens and a class token, two blocks of two heads */
} ToyKind;

typedef struct
{
  ToyKind kind;
  int channels, size; /* of the input: 1 or 3; a multiple of 8 */
  gboolean constant;  /* the last layer's weights are zero: logits do not depend on the picture */
  const char *end;    /* "Softmax" after the logits; "Sqrt": of zero before the linear layer, whose gradient is not a
                       * number; NULL: neither */
} Toy;

/* (transfer full); the same net every time */
EngModel *toy_open (const Toy *toy);
/* What the model sees of @image: channels x size x size. (transfer full), g_free */
float *toy_input (EngModel *model, EngImage *image);
/* A photo-like picture of @size x @size pixels. (transfer full) */
EngImage *toy_picture (int size);
