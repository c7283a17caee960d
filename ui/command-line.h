/* What the window shows as a line for a terminal: sightline-cli explains the same pictures with the same methods. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

/**
 * ui_command_line:
 * @self: with a model and at least one ticked method
 * @inputs: what the command reads, NULL-ended: pictures or a folder
 *
 * One command for all ticked methods; tiles that need a layer, a class or parameters of their own beside others of
 * their method get one each, on lines joined by "&&". Each writes to a folder of its own below "maps".
 * Returns: (transfer full) (nullable): quoted for a shell
 */
char *ui_command_line (UiSession *self, const char *const *inputs);

G_END_DECLS
