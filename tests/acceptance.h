/* Walk-throughs that stand in files of their own. */
#pragma once

void acceptance_add_threshold (void);
