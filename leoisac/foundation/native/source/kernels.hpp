// Sums of products over fixed sizes, in vectors of four with the sums in registers, and small functions with the
// conventions of JAX. Rows may be read up to three entries beyond their end: whoever owns memory leaves room for that.
#pragma once
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));
#define ALWAYS static inline __attribute__((always_inline))

ALWAYS Four four(const double* p) { return *reinterpret_cast<const Four*>(p); }
ALWAYS Four four(double v) { return Four{v, v, v, v}; }
ALWAYS double larger(double a, double b) { return (a > b || a != a) ? a : b; }
ALWAYS double smaller(double a, double b) { return (a < b || a != a) ? a : b; }
ALWAYS long larger(long a, long b) { return a > b ? a : b; }
ALWAYS long smaller(long a, long b) { return a < b ? a : b; }
ALWAYS double remainder_of(double a, double b) { return std::fmod(a, b); }
ALWAYS long remainder_of(long a, long b) { return a % b; }
ALWAYS long clamped(long at, long most) { return at < 0 ? 0 : at > most ? most : at; }

#ifdef COMPACT
// For programs that run once per trial: one loop for all sizes, which is quick to compile.
ALWAYS void put(Four sum, double* out, int size, bool add, bool minus) {
  if (minus) sum = -sum;
  for (int i = 0; i < size; ++i) out[i] = add ? out[i] + sum[i] : sum[i];
}
// The entries of `a` side by side with those of `b`, or one for all of them.
template <bool BESIDE>
static __attribute__((noinline)) void rows_summed(const double* a, long ka, const double* b, long kb, double* out,
                                                  int count, int size, bool add, bool minus) {
  auto factor = [a](long at, int i) { return BESIDE ? four(a + at + i) : four(a[at]); };
  int i = 0;
  for (; i + 8 <= size; i += 8) {
    Four first{}, second{};
    for (int k = 0; k < count; ++k) {
      first += factor(k * ka, i) * four(b + k * kb + i);
      second += factor(k * ka, i + 4) * four(b + k * kb + i + 4);
    }
    put(first, out + i, 4, add, minus);
    put(second, out + i + 4, 4, add, minus);
  }
  for (; i < size; i += 4) {
    Four sum{};
    for (int k = 0; k < count; ++k) sum += factor(k * ka, i) * four(b + k * kb + i);
    put(sum, out + i, size - i < 4 ? size - i : 4, add, minus);
  }
}
static __attribute__((noinline)) double dot_product(const double* a, long ka, const double* b, long kb, int count) {
  double sum = 0.0;
  int k = 0;
  if (ka == 1 && kb == 1) {
    Four part{};
    for (; k + 4 <= count; k += 4) part += four(a + k) * four(b + k);
    sum = (part[0] + part[2]) + (part[1] + part[3]);
  }
  for (; k < count; ++k) sum += a[k * ka] * b[k * kb];
  return sum;
}
template <int COUNT, int SA, int SB, int SIZE, bool ADD, bool MINUS>
ALWAYS void combine_into(const double* a, const double* b, double* out) {
  rows_summed<false>(a, SA, b, SB, out, COUNT, SIZE, ADD, MINUS);
}
template <int COUNT, int SA, int SB, int SIZE, bool ADD, bool MINUS>
ALWAYS void blend_into(const double* a, const double* b, double* out) {
  rows_summed<true>(a, SA, b, SB, out, COUNT, SIZE, ADD, MINUS);
}
template <int COUNT, int SA, int SB, bool ADD, bool MINUS>
ALWAYS void dot_into(const double* a, const double* b, double* out) {
  const double sum = dot_product(a, SA, b, SB, COUNT);
  *out = (ADD ? *out : 0.0) + (MINUS ? -sum : sum);
}
#else
// Stores `size` entries of V vectors, set, added or subtracted.
template <int SIZE, bool ADD, bool MINUS, int... V>
ALWAYS void stored(const Four* sums, double* out, std::integer_sequence<int, V...>) {
  constexpr int WHOLE = SIZE / 4;
  auto one = [&](int v) {
    Four s = MINUS ? -sums[v] : sums[v];
    double* to = out + 4 * v;
    if (v < WHOLE) {
      if (ADD) s += four(to);
      *reinterpret_cast<Four*>(to) = s;
    } else {
      for (int i = 0; i < SIZE - 4 * WHOLE; ++i) to[i] = ADD ? to[i] + s[i] : s[i];
    }
  };
  (one(V), ...);
}

template <int COUNT, int SA, int SB, int SIZE, bool ADD, bool MINUS, int... V>
ALWAYS void combined(const double* a, const double* b, double* out, std::integer_sequence<int, V...> vectors) {
  Four sums[sizeof...(V)] = {(static_cast<void>(V), Four{})...};
  for (int k = 0; k < COUNT; ++k) {
    const Four factor = four(a[k * SA]);
    const double* row = b + k * SB;
    ((sums[V] += factor * four(row + 4 * V)), ...);
  }
  stored<SIZE, ADD, MINUS>(sums, out, vectors);
}

// out[i] (+)= +-sum_k a[k SA] b[k SB + i]
template <int COUNT, int SA, int SB, int SIZE, bool ADD, bool MINUS>
ALWAYS void combine_into(const double* a, const double* b, double* out) {
  constexpr int MOST = 40, FIRST = SIZE > MOST ? MOST : SIZE;
  combined<COUNT, SA, SB, FIRST, ADD, MINUS>(a, b, out, std::make_integer_sequence<int, (FIRST + 3) / 4>{});
  if constexpr (SIZE > MOST) combine_into<COUNT, SA, SB, SIZE - MOST, ADD, MINUS>(a, b + MOST, out + MOST);
}

template <int COUNT, int SA, int SB, int SIZE, bool ADD, bool MINUS, int... V>
ALWAYS void blended(const double* a, const double* b, double* out, std::integer_sequence<int, V...> vectors) {
  Four sums[sizeof...(V)] = {(static_cast<void>(V), Four{})...};
  for (int k = 0; k < COUNT; ++k) ((sums[V] += four(a + k * SA + 4 * V) * four(b + k * SB + 4 * V)), ...);
  stored<SIZE, ADD, MINUS>(sums, out, vectors);
}

// out[i] (+)= +-sum_k a[k SA + i] b[k SB + i]
template <int COUNT, int SA, int SB, int SIZE, bool ADD, bool MINUS>
ALWAYS void blend_into(const double* a, const double* b, double* out) {
  constexpr int MOST = 32, FIRST = SIZE > MOST ? MOST : SIZE;
  blended<COUNT, SA, SB, FIRST, ADD, MINUS>(a, b, out, std::make_integer_sequence<int, (FIRST + 3) / 4>{});
  if constexpr (SIZE > MOST) blend_into<COUNT, SA, SB, SIZE - MOST, ADD, MINUS>(a + MOST, b + MOST, out + MOST);
}

// *out (+)= +-sum_k a[k SA] b[k SB]
template <int COUNT, int SA, int SB, bool ADD, bool MINUS>
ALWAYS void dot_into(const double* a, const double* b, double* out) {
  double sum = 0.0;
  if constexpr (SA == 1 && SB == 1 && COUNT >= 8) {
    Four first{}, second{};
    int k = 0;
    for (; k + 8 <= COUNT; k += 8) {
      first += four(a + k) * four(b + k);
      second += four(a + k + 4) * four(b + k + 4);
    }
    const Four both = first + second;
    sum = (both[0] + both[2]) + (both[1] + both[3]);
    for (; k < COUNT; ++k) sum += a[k] * b[k];
  } else {
    for (int k = 0; k < COUNT; ++k) sum += a[k * SA] * b[k * SB];
  }
  *out = (ADD ? *out : 0.0) + (MINUS ? -sum : sum);
}
#endif

// exp(-|x|) I_n(x) for n = 0, 1: the series (Abramowitz and Stegun 9.6.10), beyond 25 the asymptotic one (9.7.1).
static inline double scaled_bessel(double x, int order) {
  const double size = std::fabs(x), sign = order == 1 && x < 0.0 ? -1.0 : 1.0;
  if (x != x) return x;
  if (size <= 25.0) {
    const double quarter = 0.25 * size * size;
    double term = order == 1 ? 0.5 * size : 1.0, sum = term;
    for (int k = 1; k < 200; ++k) {
      term *= quarter / (double(k) * double(k + order));
      sum += term;
      if (term < 1e-17 * sum) break;
    }
    return sign * sum * std::exp(-size);
  }
  const double mu = 4.0 * order * order;
  double term = 1.0, sum = 1.0;
  for (int k = 1; k < 60; ++k) {
    const double next = -term * (mu - (2.0 * k - 1.0) * (2.0 * k - 1.0)) / (k * 8.0 * size);
    if (std::fabs(next) >= std::fabs(term) || std::fabs(next) < 1e-17) break;
    term = next;
    sum += term;
  }
  return sign * sum / std::sqrt(6.283185307179586477 * size);
}
static inline double bessel_i0e(double x) { return scaled_bessel(x, 0); }
static inline double bessel_i1e(double x) { return scaled_bessel(x, 1); }
