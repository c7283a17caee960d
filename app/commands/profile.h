/* --profile of predict and explain: where the time went, as a table for people and as JSON. */
#pragma once

#include "app/commands/command.h"

G_BEGIN_DECLS

/* Row of a GOptionEntry table. */
#define APP_PROFILE_ENTRY(on)                                                                                        \
  {                                                                                                                  \
    "profile", 0, 0, G_OPTION_ARG_NONE, (on), "Show where the time goes, by kind of operator", NULL                  \
  }

typedef struct
{
  GArray *rows; /* EngProfileRow; NULL: nothing is profiled */
  double seconds;
} AppProfile;

/* What ran since the last call, or since eng_profile_enable(). */
void app_profile_take (AppProfile *self);
void app_profile_clear (AppProfile *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AppProfile, app_profile_clear)

/* A table on standard error below the line @title; nothing without rows. */
void app_profile_print (const AppProfile *self, const char *title);
/* The member "profile" of the object being built; nothing without rows. */
void app_profile_add_json (const AppProfile *self, JsonBuilder *builder);

G_END_DECLS
