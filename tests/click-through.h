/* Hundreds of pictures clicked through: a folder of pictures that all differ, and what a person does with each. */
#pragma once

#include "ui-support.h"

/* @n pictures made from the scenes of the sample, in a folder of that name in the test's own. (transfer full) */
char *test_make_pictures (const char *folder, guint n);
/* Goes to the next picture and waits until all is there, or stops all, chooses a class, follows the top or just goes
 * on, after some number of signs of progress. */
void test_visit_next (UiSession *session, GRand *random);
