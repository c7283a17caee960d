/* Private to nn/: evaluates one node whose inputs are constant, while a graph is built. */
#pragma once

#include "graph.h"

/* Runs @node's forward; @results receives one tensor (transfer full) per output. */
gboolean eng_fold_node (const EngNode *node, EngTensor **results, GError **error);
