// Decompositions of small matrices of fixed size, real or complex; complex ones come as real and imaginary parts.
#pragma once
#include "kernels.hpp"

namespace small {
struct Complex {  // std::complex takes longer to compile than a program that uses it
  double re, im;
  Complex() = default;
  explicit Complex(double re, double im = 0.0) : re(re), im(im) {}
  Complex operator+(Complex o) const { return Complex(re + o.re, im + o.im); }
  Complex operator-(Complex o) const { return Complex(re - o.re, im - o.im); }
  Complex operator*(double f) const { return Complex(re * f, im * f); }
  Complex& operator+=(Complex o) { return re += o.re, im += o.im, *this; }
  Complex& operator-=(Complex o) { return re -= o.re, im -= o.im, *this; }
};
ALWAYS Complex operator*(double f, Complex v) { return v * f; }
ALWAYS double conjugate(double v) { return v; }
ALWAYS Complex conjugate(Complex v) { return Complex(v.re, -v.im); }
ALWAYS double real(double v) { return v; }
ALWAYS double real(Complex v) { return v.re; }
ALWAYS double squared(double v) { return v * v; }
ALWAYS double squared(Complex v) { return v.re * v.re + v.im * v.im; }
ALWAYS double times(double a, double b) { return a * b; }
ALWAYS Complex times(Complex a, Complex b) {
  return Complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
}
ALWAYS double over(double a, double b) { return a / b; }
ALWAYS Complex over(Complex a, Complex b) { return times(a, conjugate(b)) * (1.0 / squared(b)); }

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
    if constexpr (std::is_same<V, Complex>::value) re[i] = from[i].re, im[i] = from[i].im;
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

namespace small {
// Householder (Golub and Van Loan, section 5.2): A = Q R, with Q of ROWS rows and WIDTH columns.
template <int ROWS, int COLUMNS, int WIDTH, class V>
static void qr(V* a, V* q) {
  constexpr int STEPS = ROWS < COLUMNS ? ROWS : COLUMNS;
  V v[STEPS][ROWS];
  double factor[STEPS];
  auto reflect = [&](V* m, int columns, int k) {
    for (int j = 0; j < columns; ++j) {
      V sum = V(0.0);
      for (int i = k; i < ROWS; ++i) sum += times(conjugate(v[k][i]), m[i * columns + j]);
      sum = sum * factor[k];
      for (int i = k; i < ROWS; ++i) m[i * columns + j] -= times(v[k][i], sum);
    }
  };
  for (int k = 0; k < STEPS; ++k) {
    double total = 0.0;
    for (int i = k; i < ROWS; ++i) v[k][i] = a[i * COLUMNS + k], total += squared(v[k][i]);
    const double length = std::sqrt(total), first = std::sqrt(squared(v[k][k]));
    if (length == 0.0) {
      factor[k] = 0.0;
      continue;
    }
    v[k][k] += first > 0.0 ? v[k][k] * (length / first) : V(length);
    factor[k] = 1.0 / (total + length * first);
    reflect(a, COLUMNS, k);
    for (int i = k + 1; i < ROWS; ++i) a[i * COLUMNS + k] = V(0.0);
  }
  for (int i = 0; i < ROWS * WIDTH; ++i) q[i] = V(i / WIDTH == i % WIDTH ? 1.0 : 0.0);
  for (int k = STEPS - 1; k >= 0; --k) reflect(q, WIDTH, k);
}

// A = U diag(s) V^H for ROWS >= COLUMNS, by one-sided Jacobi rotations (Golub and Van Loan, section 8.6).
template <int ROWS, int COLUMNS, class V>
static void svd(V* a, V* v, double* s) {
  for (int i = 0; i < COLUMNS * COLUMNS; ++i) v[i] = V(i % (COLUMNS + 1) == 0 ? 1.0 : 0.0);
  for (int sweep = 0; sweep < 60; ++sweep) {
    bool is_done = true;
    for (int p = 0; p < COLUMNS - 1; ++p)
      for (int q = p + 1; q < COLUMNS; ++q) {
        double alpha = 0.0, beta = 0.0;
        V gamma = V(0.0);
        for (int i = 0; i < ROWS; ++i) {
          alpha += squared(a[i * COLUMNS + p]), beta += squared(a[i * COLUMNS + q]);
          gamma += times(conjugate(a[i * COLUMNS + p]), a[i * COLUMNS + q]);
        }
        const double size = std::sqrt(squared(gamma));
        if (!(size > 1e-16 * std::sqrt(alpha * beta))) continue;
        is_done = false;
        const V phase = conjugate(gamma * (1.0 / size));
        const double zeta = 0.5 * (beta - alpha) / size;
        const double t = (zeta >= 0.0 ? 1.0 : -1.0) / (std::fabs(zeta) + std::sqrt(1.0 + zeta * zeta));
        const double c = 1.0 / std::sqrt(1.0 + t * t), sine = c * t;
        auto turn = [&](V* m, int rows) {
          for (int i = 0; i < rows; ++i) {
            const V x = m[i * COLUMNS + p], y = times(m[i * COLUMNS + q], phase);
            m[i * COLUMNS + p] = c * x - sine * y, m[i * COLUMNS + q] = sine * x + c * y;
          }
        };
        turn(a, ROWS), turn(v, COLUMNS);
      }
    if (is_done) break;
  }
  for (int j = 0; j < COLUMNS; ++j) {
    double total = 0.0;
    for (int i = 0; i < ROWS; ++i) total += squared(a[i * COLUMNS + j]);
    s[j] = std::sqrt(total);
  }
  for (int i = 1; i < COLUMNS; ++i)
    for (int j = i; j > 0 && s[j - 1] < s[j]; --j) {
      std::swap(s[j - 1], s[j]);
      for (int k = 0; k < ROWS; ++k) std::swap(a[k * COLUMNS + j - 1], a[k * COLUMNS + j]);
      for (int k = 0; k < COLUMNS; ++k) std::swap(v[k * COLUMNS + j - 1], v[k * COLUMNS + j]);
    }
}

// Columns of the left factor at unit length; those without a singular value complete the basis.
template <int ROWS, int COLUMNS, class V>
static void normalised(V* a, const double* s) {
  for (int j = 0; j < COLUMNS; ++j) {
    if (s[j] > 1e-14 * s[0] && s[j] > 0.0) {
      for (int i = 0; i < ROWS; ++i) a[i * COLUMNS + j] = a[i * COLUMNS + j] * (1.0 / s[j]);
      continue;
    }
    for (int axis = 0; axis < ROWS; ++axis) {
      for (int i = 0; i < ROWS; ++i) a[i * COLUMNS + j] = V(i == axis ? 1.0 : 0.0);
      for (int turn = 0; turn < 2; ++turn)
        for (int k = 0; k < j; ++k) {
          V sum = V(0.0);
          for (int i = 0; i < ROWS; ++i) sum += times(conjugate(a[i * COLUMNS + k]), a[i * COLUMNS + j]);
          for (int i = 0; i < ROWS; ++i) a[i * COLUMNS + j] -= times(a[i * COLUMNS + k], sum);
        }
      double total = 0.0;
      for (int i = 0; i < ROWS; ++i) total += squared(a[i * COLUMNS + j]);
      if (total < 0.5 / ROWS) continue;
      for (int i = 0; i < ROWS; ++i) a[i * COLUMNS + j] = a[i * COLUMNS + j] * (1.0 / std::sqrt(total));
      break;
    }
  }
}
}  // namespace small

template <int ROWS, int COLUMNS, int WIDTH, bool COMPLEX>
static void qr(const double* re, const double* im, double* q_re, double* q_im, double* r_re, double* r_im) {
  using V = Scalar<COMPLEX>;
  V a[ROWS * COLUMNS], q[ROWS * WIDTH];
  small::read<V, ROWS * COLUMNS>(a, re, im);
  small::qr<ROWS, COLUMNS, WIDTH>(a, q);
  small::write<V, ROWS * WIDTH>(q, q_re, q_im);
  small::write<V, WIDTH * COLUMNS>(a, r_re, r_im);
}
template <int ROWS, int COLUMNS, int WIDTH, bool COMPLEX>
static void qr(const double* re, double* q, double* r) {
  qr<ROWS, COLUMNS, WIDTH, false>(re, nullptr, q, nullptr, r, nullptr);
}

// s, then the factors: U of ROWS rows and V^H of COLUMNS columns, with min(ROWS, COLUMNS) vectors each.
template <int ROWS, int COLUMNS, bool COMPLEX>
static void svd(const double* re, const double* im, double* s, double* u_re, double* u_im, double* v_re, double* v_im) {
  using V = Scalar<COMPLEX>;
  constexpr bool TALL = ROWS >= COLUMNS;
  constexpr int LONG = TALL ? ROWS : COLUMNS, SHORT = TALL ? COLUMNS : ROWS;
  V given[ROWS * COLUMNS], a[LONG * SHORT], v[SHORT * SHORT];
  small::read<V, ROWS * COLUMNS>(given, re, im);
  for (int i = 0; i < LONG; ++i)
    for (int j = 0; j < SHORT; ++j)
      a[i * SHORT + j] = TALL ? given[i * COLUMNS + j] : small::conjugate(given[j * COLUMNS + i]);
  double found[SHORT];
  small::svd<LONG, SHORT>(a, v, found);
  std::memcpy(s, found, sizeof found);
  if (!u_re) return;
  small::normalised<LONG, SHORT>(a, found);
  V left[ROWS * SHORT], right[SHORT * COLUMNS];
  for (int j = 0; j < SHORT; ++j) {
    for (int i = 0; i < ROWS; ++i) left[i * SHORT + j] = TALL ? a[i * SHORT + j] : v[i * SHORT + j];
    for (int i = 0; i < COLUMNS; ++i)
      right[j * COLUMNS + i] = small::conjugate(TALL ? v[i * SHORT + j] : a[i * SHORT + j]);
  }
  small::write<V, ROWS * SHORT>(left, u_re, u_im);
  small::write<V, SHORT * COLUMNS>(right, v_re, v_im);
}
template <int ROWS, int COLUMNS, bool COMPLEX>
static void svd(const double* re, double* s, double* u, double* v) {
  svd<ROWS, COLUMNS, false>(re, nullptr, s, u, nullptr, v, nullptr);
}
template <int ROWS, int COLUMNS, bool COMPLEX>
static void svd(const double* re, const double* im, double* s) {
  svd<ROWS, COLUMNS, true>(re, im, s, nullptr, nullptr, nullptr, nullptr);
}
template <int ROWS, int COLUMNS, bool COMPLEX>
static void svd(const double* re, double* s) {
  svd<ROWS, COLUMNS, false>(re, nullptr, s, nullptr, nullptr, nullptr, nullptr);
}

// Places of a row's entries in ascending order, NaN last; equal ones stay in order.
template <int N, class T>
static void order_of(const T* keys, long* order) {
  auto precedes = [keys](long i, long j) { return keys[j] != keys[j] ? keys[i] == keys[i] : keys[i] < keys[j]; };
  for (int i = 0; i < N; ++i) {
    int at = i;
    for (; at > 0 && precedes(i, order[at - 1]); --at) order[at] = order[at - 1];
    order[at] = i;
  }
}
