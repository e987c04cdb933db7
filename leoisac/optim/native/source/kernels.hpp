// Sums of products over fixed sizes, in vectors of four with the sums in registers, and small functions with the
// conventions of JAX. Rows may be read up to three entries beyond their end: whoever owns memory leaves room for that.
#pragma once
#include <algorithm>
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
