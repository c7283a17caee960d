/* The walk-throughs, one function per file that has some. */
#pragma once

void acceptance_add_inspect (void);   /* 1 to 5, 7 */
void acceptance_add_threshold (void); /* 8 to 10 */
void acceptance_add_figure (void);    /* 11 */
void acceptance_add_model (void);     /* 6, 12, 13 */
void acceptance_add_session (void);   /* 14 */
void acceptance_add_keyboard (void);  /* 15 */
void acceptance_add_looks (void);     /* 16 */
