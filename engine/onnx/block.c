/* A block: a list of nodes with one name space. */
#include "onnx-private.h"

OnnxBlock *
eng_onnx_block_new (OnnxBlock *parent)
{
  OnnxBlock *block = g_new0 (OnnxBlock, 1);
  block->parent = parent;
  block->nodes = g_ptr_array_new ();
  block->constants = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)eng_tensor_unref);
  block->problems = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  block->outputs = g_ptr_array_new ();
  block->captures = g_ptr_array_new ();
  return block;
}

void
eng_onnx_block_free (OnnxBlock *block)
{
  if (!block)
    return;
  for (guint i = 0; i < block->nodes->len; i++)
    {
      OnnxNode *node = block->nodes->pdata[i];
      g_clear_pointer (&node->constant, eng_tensor_unref);
      eng_onnx_block_free (node->branches[0]);
      eng_onnx_block_free (node->branches[1]);
    }
  g_ptr_array_unref (block->nodes);
  g_hash_table_unref (block->constants);
  g_hash_table_unref (block->problems);
  g_ptr_array_unref (block->outputs);
  g_ptr_array_unref (block->captures);
  g_free (block);
}
