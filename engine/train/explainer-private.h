/* What the files explainer-*.c share. */
#pragma once

#include "explainer-file.h"

#include <json-glib/json-glib.h>

#define ENG_EXPLAINER_PREFIX "sightline."

struct _EngExplainerFile
{
  gatomicrefcount ref;
  char *path, *name;    /* @name is for messages */
  GBytes *bytes;        /* NULL: they are in the file */
  GHashTable *metadata; /* without the prefix */
  const EngExplainerKind *kind;
  JsonNode *settings; /* NULL: none */
  GHashTable *texts;  /* its single values, as text */
  GMutex lock;        /* what lies below */
  char *sha256;       /* NULL: not known yet */
  EngGraph *graph;    /* NULL: the network is not in memory */
  EngPass *pass;
  int n_outputs; /* known since the network was first in memory */
  EngShape given, shapes[ENG_NET_MAX_OUTPUTS];
  char *output_names[ENG_NET_MAX_OUTPUTS];
  float *values[ENG_NET_MAX_OUTPUTS];
  char *fits; /* the model and output for which it was found to fit; NULL: none */
};

/* The key under which a file of @kind notes the network it explains. */
const char *eng_explainer_key (const EngExplainerKind *kind);
/* What stands there for @model, which owns it; NULL with an error. */
const char *eng_explainer_belongs_to (const EngExplainerKind *kind, EngModel *model, GError **error);
/* Name of the classifier's value that the finished explainer of @net is given, the one that the kind keeps for each
 * picture; NULL: the normalised input. */
const char *eng_explainer_given (const EngExplainerKind *kind, EngNet *net);
/* Forgets the network, which is read again when it is needed. With the lock held. */
void eng_explainer_unload (EngExplainerFile *self);
/* @self goes: it is no longer among those whose networks are in memory. */
void eng_explainer_forget (EngExplainerFile *self);
