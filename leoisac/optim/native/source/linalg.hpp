// Decompositions of small matrices of fixed size, real or complex; complex ones come as real and imaginary parts.
#pragma once
#include "kernels.hpp"
#include <complex>

namespace small {
typedef std::complex<double> Complex;
ALWAYS double conjugate(double v) { return v; }
ALWAYS Complex conjugate(Complex v) { return Complex(v.real(), -v.imag()); }
ALWAYS double real(double v) { return v; }
ALWAYS double real(Complex v) { return v.real(); }
ALWAYS double squared(double v) { return v * v; }
ALWAYS double squared(Complex v) { return v.real() * v.real() + v.imag() * v.imag(); }
ALWAYS double times(double a, double b) { return a * b; }
ALWAYS Complex times(Complex a, Complex b) {
  return Complex(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
}
ALWAYS Complex times(double a, Complex b) { return Complex(a * b.real(), a * b.imag()); }
ALWAYS double over(double a, double b) { return a / b; }
ALWAYS Complex over(Complex a, Complex b) {
  const double d = 1.0 / squared(b);
  const Complex c = times(a, conjugate(b));
  return Complex(c.real() * d, c.imag() * d);
}

// Matrix of N rows and K columns; V is double or Complex.
template <class V, int SIZE>
ALWAYS void read(V* to, const double* re, const double* im) {
  for (int i = 0; i < SIZE; ++i) {
    if constexpr (std::is_same<V, Complex>::value) to[i] = Complex(re[i], im ? im[i] : 0.0);
    else to[i] = re[i];
  }
}
template <class V, int SIZE>
ALWAYS void write(const V* from, double* re, double* im) {
  for (int i = 0; i < SIZE; ++i) {
    if constexpr (std::is_same<V, Complex>::value) re[i] = from[i].real(), im[i] = from[i].imag();
    else re[i] = from[i];
  }
}

// Eigenvalues ascending, eigenvectors in columns, by cyclic Jacobi rotations (Golub and Van Loan, section 8.5).
template <int N, class V>
static void eigh(V* a, V* v, double* w) {
  double total = 0.0;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j <= i; ++j) {
      const V mean = (a[i * N + j] + conjugate(a[j * N + i])) * 0.5;
      a[i * N + j] = mean, a[j * N + i] = conjugate(mean);
      total += squared(mean);
    }
  for (int i = 0; i < N * N; ++i) v[i] = V(i % (N + 1) == 0 ? 1.0 : 0.0);
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0.0;
    for (int i = 0; i < N; ++i)
      for (int j = 0; j < i; ++j) off += squared(a[i * N + j]);
    if (!(off > 1e-32 * total)) break;
    for (int p = 0; p < N - 1; ++p)
      for (int q = p + 1; q < N; ++q) {
        const double size = std::sqrt(squared(a[p * N + q]));
        if (!(size > 1e-300)) continue;
        const V phase = a[p * N + q] * (1.0 / size);
        const double difference = real(a[q * N + q]) - real(a[p * N + p]);
        const double theta = 0.5 * difference / size;
        const double t = (theta >= 0.0 ? 1.0 : -1.0) / (std::fabs(theta) + std::sqrt(theta * theta + 1.0));
        const double c = 1.0 / std::sqrt(t * t + 1.0), s = t * c;
        for (int k = 0; k < N; ++k) {  // columns
          const V kp = a[k * N + p], kq = times(a[k * N + q], conjugate(phase));
          a[k * N + p] = c * kp - s * kq, a[k * N + q] = s * kp + c * kq;
          const V vp = v[k * N + p], vq = times(v[k * N + q], conjugate(phase));
          v[k * N + p] = c * vp - s * vq, v[k * N + q] = s * vp + c * vq;
        }
        for (int k = 0; k < N; ++k) {  // rows
          const V pk = a[p * N + k], qk = times(phase, a[q * N + k]);
          a[p * N + k] = c * pk - s * qk, a[q * N + k] = s * pk + c * qk;
        }
        a[p * N + q] = a[q * N + p] = V(0.0);
      }
  }
  for (int i = 0; i < N; ++i) w[i] = real(a[i * N + i]);
  for (int i = 1; i < N; ++i)
    for (int j = i; j > 0 && w[j - 1] > w[j]; --j) {
      std::swap(w[j - 1], w[j]);
      for (int k = 0; k < N; ++k) std::swap(v[k * N + j - 1], v[k * N + j]);
    }
}

template <int N, class V>
static void cholesky(const V* a, V* l) {
  for (int i = 0; i < N * N; ++i) l[i] = V(0.0);
  for (int j = 0; j < N; ++j) {
    double d = real(a[j * N + j]);
    for (int k = 0; k < j; ++k) d -= squared(l[j * N + k]);
    const double root = std::sqrt(d);
    l[j * N + j] = V(root);
    for (int i = j + 1; i < N; ++i) {
      V s = a[i * N + j];
      for (int k = 0; k < j; ++k) s -= times(l[i * N + k], conjugate(l[j * N + k]));
      l[i * N + j] = s * (1.0 / root);
    }
  }
}

template <int N, class V>
static void lu(V* a, long* pivots, long* order) {
  for (int i = 0; i < N; ++i) order[i] = i;
  for (int k = 0; k < N; ++k) {
    int best = k;
    for (int i = k + 1; i < N; ++i)
      if (squared(a[i * N + k]) > squared(a[best * N + k])) best = i;
    pivots[k] = best;
    if (best != k) {
      std::swap(order[best], order[k]);
      for (int j = 0; j < N; ++j) std::swap(a[best * N + j], a[k * N + j]);
    }
    if (squared(a[k * N + k]) == 0.0) continue;
    for (int i = k + 1; i < N; ++i) {
      const V f = over(a[i * N + k], a[k * N + k]);
      a[i * N + k] = f;
      for (int j = k + 1; j < N; ++j) a[i * N + j] -= times(f, a[k * N + j]);
    }
  }
}

// op(A) X = B for X of N rows and K columns.
template <int N, int K, bool LOWER, bool UNIT, class V>
static void substituted(const V* a, V* b) {
  for (int step = 0; step < N; ++step) {
    const int i = LOWER ? step : N - 1 - step;
    const int first = LOWER ? 0 : i + 1, last = LOWER ? i : N;
    for (int k = first; k < last; ++k)
      for (int j = 0; j < K; ++j) b[i * K + j] -= times(a[i * N + k], b[k * K + j]);
    if (!UNIT) {
      const V d = over(V(1.0), a[i * N + i]);
      for (int j = 0; j < K; ++j) b[i * K + j] = times(b[i * K + j], d);
    }
  }
}
}  // namespace small

template <bool COMPLEX>
using Scalar = typename std::conditional<COMPLEX, small::Complex, double>::type;

template <int N, bool COMPLEX>
static void eigh(const double* re, const double* im, double* v_re, double* v_im, double* w) {
  Scalar<COMPLEX> a[N * N], v[N * N];
  small::read<Scalar<COMPLEX>, N * N>(a, re, im);
  small::eigh<N>(a, v, w);
  small::write<Scalar<COMPLEX>, N * N>(v, v_re, v_im);
}
template <int N, bool COMPLEX>
static void eigh(const double* re, double* v_re, double* w) { eigh<N, false>(re, nullptr, v_re, nullptr, w); }

template <int N, bool COMPLEX>
static void cholesky(const double* re, const double* im, double* l_re, double* l_im) {
  Scalar<COMPLEX> a[N * N], l[N * N];
  small::read<Scalar<COMPLEX>, N * N>(a, re, im);
  small::cholesky<N>(a, l);
  small::write<Scalar<COMPLEX>, N * N>(l, l_re, l_im);
}
template <int N, bool COMPLEX>
static void cholesky(const double* re, double* l_re) { cholesky<N, false>(re, nullptr, l_re, nullptr); }

template <int N, bool COMPLEX>
static void lu(const double* re, const double* im, double* out_re, double* out_im, long* pivots, long* order) {
  Scalar<COMPLEX> a[N * N];
  small::read<Scalar<COMPLEX>, N * N>(a, re, im);
  small::lu<N>(a, pivots, order);
  small::write<Scalar<COMPLEX>, N * N>(a, out_re, out_im);
}
template <int N, bool COMPLEX>
static void lu(const double* re, double* out_re, long* pivots, long* order) {
  lu<N, false>(re, nullptr, out_re, nullptr, pivots, order);
}

template <int N, int SIZE, bool COMPLEX>
static void permutation_of(const long* pivots, long* order) {
  for (int i = 0; i < SIZE; ++i) order[i] = i;
  for (int i = 0; i < N; ++i) std::swap(order[i], order[pivots[i]]);
}

template <int N, int ROWS, int COLUMNS, bool LEFT, bool LOWER, bool TRANSPOSE, bool CONJUGATE, bool UNIT, bool COMPLEX>
static void triangular(const double* a_re, const double* a_im, const double* b_re, const double* b_im, double* x_re,
                       double* x_im) {
  using V = Scalar<COMPLEX>;
  // From the right, X op(A) = B is op(A)^T X^T = B^T.
  constexpr int K = LEFT ? COLUMNS : ROWS;
  constexpr bool TURN = LEFT ? TRANSPOSE : !TRANSPOSE;
  V a[N * N], b[N * K], whole[ROWS * COLUMNS];
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) {
      const int at = TURN ? j * N + i : i * N + j;
      V value;
      small::read<V, 1>(&value, a_re + at, COMPLEX ? a_im + at : nullptr);
      a[i * N + j] = CONJUGATE ? small::conjugate(value) : value;
    }
  small::read<V, ROWS * COLUMNS>(whole, b_re, b_im);
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < K; ++j) b[i * K + j] = LEFT ? whole[i * COLUMNS + j] : whole[j * COLUMNS + i];
  small::substituted<N, K, LOWER != TURN, UNIT>(a, b);
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < K; ++j) (LEFT ? whole[i * COLUMNS + j] : whole[j * COLUMNS + i]) = b[i * K + j];
  small::write<V, ROWS * COLUMNS>(whole, x_re, x_im);
}
template <int N, int ROWS, int COLUMNS, bool LEFT, bool LOWER, bool TRANSPOSE, bool CONJUGATE, bool UNIT, bool COMPLEX>
static void triangular(const double* a, const double* b, double* x) {
  triangular<N, ROWS, COLUMNS, LEFT, LOWER, TRANSPOSE, CONJUGATE, UNIT, false>(a, nullptr, b, nullptr, x, nullptr);
}
