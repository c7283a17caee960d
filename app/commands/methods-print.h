/* The methods as tables, as full declarations, as JSON, and as README holds them. */
#pragma once

#include "app/commands/command.h"

G_BEGIN_DECLS

/* @methods: const EngMethod*; @model: (nullable): says what applies. All print to stdout. */
void app_methods_table (GPtrArray *methods, EngModel *model);
void app_methods_details (GPtrArray *methods, EngModel *model);
void app_methods_markdown (GPtrArray *methods);
void app_methods_json (GPtrArray *methods, EngModel *model);

/* One parameter with its range and the value that is its default here: a line as --set takes it, or an object. */
void app_param_print (const EngParam *param, const EngValues *values);
void app_param_json (JsonBuilder *b, const EngParam *param, const EngValues *values);

/* What a model must have, few words. (transfer full) */
char *app_needs_words (EngNeeds needs);
/* NULL when @method applies (or when there is no model to ask). (transfer full) */
char *app_method_refusal (const EngMethod *method, EngModel *model);

G_END_DECLS
