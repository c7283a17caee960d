/* Private to engine/: the parsed file behind a model. */
#pragma once

#include "model.h"
#include "onnx/onnx.h"

EngOnnx *eng_model_onnx (EngModel *self); /* (transfer none) */
