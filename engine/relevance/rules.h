/* How relevance goes back through one operator. The rules are those of Chefer, Gur and Wolf (CVPR 2021, section 3):
 * deep Taylor decomposition with alpha = 1 for linear layers, z-rules for what joins two values. */
#pragma once

#include "../nn/op.h"

G_BEGIN_DECLS

typedef struct
{
  guint reads;    /* inputs whose values apply() reads, one bit each */
  guint takes;    /* inputs that may receive relevance */
  gboolean moves; /* relevance only changes its place: an input that several such nodes read is no fork */
  /* @in: values as far as @reads says. @given: relevance of each output, NULL where none arrived. @taken: relevance
   * of each input, zeros to be added to; NULL where nobody wants it. */
  void (*apply) (const EngNode *node, const double *const *in, const double *const *given, double *const *taken);
} EngRule;

/* FALSE: relevance cannot be followed through this node. */
gboolean eng_rule_find (const EngNode *node, EngRule *rule);
/* a / (b + 1e-9), and 0 where b is 0. */
double eng_rule_divide (double a, double b);

G_END_DECLS
