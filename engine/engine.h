/* The one header that ui/ and app/ include. */
#pragma once

#include "error.h"
#include "heatmap-file.h"
#include "heatmap-import.h"
#include "heatmap.h"
#include "image.h"
#include "job.h"
#include "kernels/kernels.h"
#include "labels.h"
#include "method.h"
#include "metrics/protocol.h"
#include "model.h"
#include "npy.h"
#include "preprocess.h"
#include "probe.h"
#include "result-cache.h"
#include "session-file.h"
#include "thumbnail.h"
#include "truth.h"

#define ENG_VERSION "0.1.0"
