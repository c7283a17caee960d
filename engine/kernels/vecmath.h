/* Elementary functions of one float, branch-free, so that loops over them become vector code.
 *
 * Each is argument reduction and a polynomial. The coefficients are minimax fits made for this file
 * (Remez exchange in 40 digits for the polynomials, reweighted least squares for the rational
 * function of erf); the error of each fit stands beside it. tests/test-vector.c checks the whole. */
#pragma once

#include "clones.h"

#include <math.h>
#include <stdint.h>

ENG_INLINE float
eng_bits_to_float (uint32_t bits)
{
  union
  {
    uint32_t u;
    float f;
  } v = { .u = bits };
  return v.f;
}

ENG_INLINE uint32_t
eng_float_to_bits (float f)
{
  union
  {
    float f;
    uint32_t u;
  } v = { .f = f };
  return v.u;
}

/* For -127 < n < 128; anything for other n, which come from NaN only. */
ENG_INLINE float
eng_power_of_2 (int32_t n)
{
  return eng_bits_to_float ((uint32_t)(n + 127) << 23);
}

/* x = n ln 2 + r, |r| <= ln 2 / 2; returns exp (r) - 1 (fit: 1.4e-8 relative) and n as an integer.
 * Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. */
ENG_INLINE float
eng_exp_reduced (float x, int32_t *n)
{
  const float magic = 12582912.0f;
  float t = x * 1.44269504f + magic, k = t - magic;
  float r = x - k * 0.693145752f; /* ln 2 in two parts, the first exact in 17 bits */
  r = r - k * 1.42860677e-6f;
  *n = (int32_t)(eng_float_to_bits (t) - eng_float_to_bits (magic));
  float p = 0.0013946473f;
  p = p * r + 0.008366598f;
  p = p * r + 0.04166628f;
  p = p * r + 0.16666543f;
  p = p * r + 0.5f;
  return p * r * r + r;
}

ENG_INLINE float
eng_exp1 (float x)
{
  x = x > 89 ? 89 : x; /* these clamps let NaN through */
  x = x < -105 ? -105 : x;
  int32_t n;
  float p = eng_exp_reduced (x, &n) + 1;
  /* 2^n in two factors, so that overflow and denormal results come out right. */
  int32_t half = n >> 1;
  return p * eng_power_of_2 (half) * eng_power_of_2 (n - half);
}

/* exp (x) - 1 without loss near 0. */
ENG_INLINE float
eng_expm1 (float x)
{
  x = x > 89 ? 89 : x;
  x = x < -18 ? -18 : x; /* -1 to float precision */
  int32_t n;
  float p = eng_exp_reduced (x, &n);
  int32_t half = n >> 1;
  float low = eng_power_of_2 (half);
  return (p * low + (low - eng_power_of_2 (half - n))) * eng_power_of_2 (n - half);
}

/* log (m) + e ln 2 with m in [sqrt 1/2, sqrt 2) (fit: 5.9e-9 relative). */
ENG_INLINE float
eng_log1 (float x)
{
  int tiny = x < 1.17549435e-38f;
  float scaled = tiny ? x * 8388608.0f : x;
  uint32_t bits = eng_float_to_bits (scaled) - 0x3f3504f3; /* bits of sqrt 1/2 */
  int32_t e = (int32_t)bits >> 23;
  float f = eng_bits_to_float ((bits & 0x007fffff) + 0x3f3504f3) - 1;
  float k = (float)e - (tiny ? 23.0f : 0.0f);
  float p = -0.078602165f;
  p = p * f + 0.12881409f;
  p = p * f - 0.13128403f;
  p = p * f + 0.14181213f;
  p = p * f - 0.16624597f;
  p = p * f + 0.20002286f;
  p = p * f - 0.25000808f;
  p = p * f + 0.33333316f;
  float square = f * f;
  float y = (p * f * square + k * 1.42860677e-6f) - 0.5f * square + f + k * 0.693145752f;
  y = x == 0 ? -INFINITY : y;
  y = x < 0 ? NAN : y;
  return x >= INFINITY || x != x ? x : y;
}

/* log (1 + x) for x in [0, 1]: 2 atanh (x / (2 + x)) (fit: 4e-9 relative). */
ENG_INLINE float
eng_log1p_unit (float x)
{
  float s = x / (2 + x), t = s * s;
  float p = 0.14095774f;
  p = p * t + 0.13978833f;
  p = p * t + 0.20012558f;
  p = p * t + 0.33333156f;
  return 2 * s * (p * t + 1);
}

/* x P(x^2) / Q(x^2) (fit: 2.1e-8 relative); every coefficient is positive, so nothing cancels. */
ENG_INLINE float
eng_erf1 (float x)
{
  float c = x > 3.93f ? 3.93f : x; /* from here on the result is 1 */
  c = c < -3.93f ? -3.93f : c;
  float t = c * c;
  float p = 2.0258838e-06f, q = 3.7831553e-05f;
  p = p * t + 0.0002846878f;
  q = q * t + 0.001170736f;
  p = p * t + 0.003808212f;
  q = q * t + 0.015055191f;
  p = p * t + 0.052875597f;
  q = q * t + 0.11456014f;
  p = p * t + 0.19155163f;
  q = q * t + 0.50309086f;
  p = p * t + 1.1283791f;
  q = q * t + 1;
  float y = c * p / q;
  y = y > 1 ? 1 : y;
  return y < -1 ? -1 : y;
}

ENG_INLINE float
eng_tanh1 (float x)
{
  float a = fabsf (x);
  a = a > 10 ? 10 : a; /* 1 to float precision */
  float e = eng_expm1 (2 * a);
  return copysignf (e / (e + 2), x);
}

/* exp (-|x|) never overflows, and both ends keep their relative precision. */
ENG_INLINE float
eng_sigmoid1 (float x)
{
  float e = eng_exp1 (-fabsf (x)), s = 1 / (1 + e);
  return x >= 0 ? s : e * s;
}

ENG_INLINE float
eng_softplus1 (float x)
{
  float y = eng_log1p_unit (eng_exp1 (-fabsf (x)));
  return x > 0 ? x + y : y;
}
