/* Plain gradient of the class's logit with respect to the network input (Simonyan, Vedaldi and
 * Zisserman, 2014, section 3, without their maximum over channels and absolute value: the raw,
 * signed gradient is kept, channels x H x W, in logits per unit of normalised input). */
#include "../error.h"
#include "../job.h"
#include "../nn/pass.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngModel *model = eng_job_model (job);
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  g_autoptr (EngPass) pass = graph ? eng_pass_new (graph) : NULL;
  if (!graph || !eng_job_step (job, 0, 1, "passes", NULL, error))
    return NULL;
  EngValue *image = eng_graph_image (graph), *logits = eng_graph_logits (graph);
  eng_pass_want_grad (pass, image);
  eng_pass_set_root (pass, logits);
  if (!eng_pass_prepare (pass, error))
    return NULL;
  g_autofree float *seed = g_new0 (float, eng_model_n_classes (model));
  g_autofree float *values = g_new (float, eng_shape_count (&image->shape));
  seed[eng_job_class_index (job)] = 1;
  eng_pass_write (pass, image, eng_job_input (job));
  eng_pass_forward (pass);
  eng_pass_backward (pass, seed);
  eng_pass_read_grad (pass, image, values);
  eng_job_count (job, 1, 1);
  return eng_job_make_heatmap (job, values, (int)image->shape.dim[1], (int)image->shape.dim[2],
                               (int)image->shape.dim[3], ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

extern const EngMethod eng_method_gradient;
const EngMethod eng_method_gradient = {
  .id = "gradient",
  .name = "Gradient",
  .about = "How the class's logit changes with each input pixel, to first order.",
  .reference = "Simonyan, Vedaldi, Zisserman: Deep Inside Convolutional Networks, ICLR workshop 2014",
  .sign = ENG_SIGN_SIGNED,
  .class_dependent = TRUE,
  .cost = "1 forward, 1 backward pass",
  .explain = explain,
};
