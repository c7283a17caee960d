/* TVE's net (Wang et al., ICML 2024): two explainers that learn meta-attributions. Definitions and variant stand in
 * tve.c. */
#pragma once

#include "../../probe.h"
#include "../../windows.h"
#include "../kind.h"

G_BEGIN_DECLS

/* net->own of a net that the kind built. D: numbers that feed the final linear layer. */
typedef struct
{
  EngWindows windows;
  int cells, width; /* drawn for each picture; D */
  EngValue *input;
  EngValue *chosen;    /* B x side^2 x cells: 1 at the cells drawn */
  EngValue *wanted[2]; /* B x D x cells: g of the window alone, of the rest */
  EngValue *maps[2];   /* B x D x side x side */
  EngProbe *encoder;   /* NULL until the first batch */
  GHashTable *exact;   /* picture -> float*, side^2: exact map of its predicted class */
} EngTveNet;

extern const EngExplainerKind eng_kind_tve;

G_END_DECLS
