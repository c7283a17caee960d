/* How long threads of the OpenMP runtime wait busily. */
#pragma once

/* Starts the program anew, once, with a short bound, because the runtime reads its settings before main().
 * Without it, two threads that wait for each other on a busy machine burn whole time slices: one pass of a
 * small transformer took 3.9 s instead of 0.1 s beside a compiler. OMP_WAIT_POLICY or GOMP_SPINCOUNT in the
 * environment win. Returns when nothing had to be done or it cannot be. */
void app_bound_spinning (char **argv);
