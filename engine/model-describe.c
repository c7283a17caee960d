/* What a model file holds, as JSON: for `sightline-cli inspect` and the Model page. */
#include "model.h"

#include "model-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

static void
add_shape (JsonBuilder *b, const char *name, const EngShape *shape, const char *const *symbol)
{
  json_builder_set_member_name (b, name);
  json_builder_begin_array (b);
  for (int i = 0; i < shape->rank; i++)
    if (shape->dim[i] >= 0)
      json_builder_add_int_value (b, shape->dim[i]);
    else
      json_builder_add_string_value (b, symbol && symbol[i] ? symbol[i] : "?");
  json_builder_end_array (b);
}

static void
add_string (JsonBuilder *b, const char *name, const char *value)
{
  json_builder_set_member_name (b, name);
  if (value)
    json_builder_add_string_value (b, value);
  else
    json_builder_add_null_value (b);
}

static void
add_int (JsonBuilder *b, const char *name, gint64 value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_int_value (b, value);
}

static void
add_ios (JsonBuilder *b, const char *name, const EngOnnxIO *io, int n)
{
  json_builder_set_member_name (b, name);
  json_builder_begin_array (b);
  for (int i = 0; i < n; i++)
    {
      json_builder_begin_object (b);
      add_string (b, "name", io[i].name);
      add_string (b, "type", eng_dtype_name (io[i].dtype));
      add_shape (b, "shape", &io[i].shape, io[i].symbol);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

static void
add_operators (JsonBuilder *b, EngOnnx *onnx)
{
  g_autoptr (GHashTable) operators = eng_onnx_operators (onnx);
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (operators), (GCompareFunc)strcmp);
  json_builder_set_member_name (b, "operators");
  json_builder_begin_object (b);
  for (GList *l = names; l; l = l->next)
    add_int (b, l->data, GPOINTER_TO_UINT (g_hash_table_lookup (operators, l->data)));
  json_builder_end_object (b);
}

static void
add_targets (JsonBuilder *b, EngModel *model)
{
  static const char *const kinds[] = { "spatial", "tokens", "attention" };
  int n;
  const EngTarget *targets = eng_model_targets (model, &n);
  json_builder_set_member_name (b, "targets");
  json_builder_begin_array (b);
  for (int i = 0; i < n; i++)
    {
      json_builder_begin_object (b);
      add_string (b, "name", targets[i].name);
      add_string (b, "kind", kinds[targets[i].kind]);
      add_shape (b, "shape", &targets[i].shape, NULL);
      add_int (b, "rows", targets[i].rows);
      add_int (b, "cols", targets[i].cols);
      add_int (b, "prefix_tokens", targets[i].prefix);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
  add_string (b, "default_target", eng_model_default_target (model) ? eng_model_default_target (model)->name : NULL);
  add_string (b, "default_cam_target",
              eng_model_default_cam_target (model) ? eng_model_default_cam_target (model)->name : NULL);
  add_string (b, "final_linear_input", eng_model_final_linear (model));
}

char *
eng_model_describe_json (EngModel *model)
{
  EngOnnx *onnx = model->onnx;
  EngPreprocess *p = eng_model_preprocess (model);
  g_autoptr (JsonBuilder) b = json_builder_new ();
  g_autofree char *preprocessing = eng_preprocess_describe (p);
  int n;
  json_builder_begin_object (b);
  add_string (b, "path", eng_model_path (model));
  add_string (b, "name", eng_model_name (model));
  add_string (b, "sha256", eng_model_sha256 (model));
  add_string (b, "producer", eng_onnx_producer (onnx));
  add_int (b, "opset", eng_onnx_opset (onnx));
  const EngOnnxIO *io = eng_onnx_inputs (onnx, &n);
  add_ios (b, "inputs", io, n);
  io = eng_onnx_outputs (onnx, &n);
  add_ios (b, "outputs", io, n);
  add_string (b, "explained_output", eng_model_output (model));
  add_int (b, "classes", eng_model_n_classes (model));
  json_builder_set_member_name (b, "labels");
  json_builder_add_boolean_value (b, eng_model_has_labels (model));
  json_builder_set_member_name (b, "output_is_probability");
  json_builder_add_boolean_value (b, eng_model_output_is_probability (model));
  add_operators (b, onnx);
  add_string (b, "preprocessing", preprocessing);
  add_string (b, "preprocessing_origin", p->origin);
  json_builder_set_member_name (b, "preprocessing_assumed");
  json_builder_add_boolean_value (b, p->assumed);
  add_targets (b, model);
  json_builder_end_object (b);
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  return json_to_string (root, TRUE);
}
