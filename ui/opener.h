/* Sorts what a user opens into a model and pictures, off the main thread. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

/* What was found. Freed by the opener after the callback. */
typedef struct
{
  char *model;         /* path of the model; NULL: none among them */
  char *session;       /* path of a session's file; NULL: none among them */
  GPtrArray *maps;     /* of char *: paths of maps of other programs */
  GPtrArray *pictures; /* of char *: paths in the order of the strip */
  guint first;         /* index of the first picture that can be decoded */
  EngImage *image;     /* that picture; NULL: none can */
  char *folder;        /* when one folder was given: its path */
  char *masks;         /* folder with masks of objects; NULL: none among them */
  EngTruth *truth;     /* labels.csv beside the pictures; NULL: there is none */
  GError *error;       /* about something that could not be opened; (nullable) */
} UiFound;

/* @done runs on the main context with @data. */
void ui_opener_look (const char *const *paths, UiOpenHint hint, void (*done) (const UiFound *found, gpointer data),
                     gpointer data);

G_END_DECLS
