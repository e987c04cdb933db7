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

// Eigenvalues ascending, eigenvectors in columns, by cyclic Jacobi rotations (Golub and Van Loan, section 8.5). Columns
// lie side by side, real parts before imaginary ones: a rotation works on whole vectors, and rows follow by symmetry.
template <int N, bool COMPLEX>
static void eigh(const double* re, const double* im, double* v_re, double* v_im, double* w) {
  constexpr int P = (N + 3) / 4 * 4, Q = COMPLEX ? 2 * P : P, M = (N + 1) / 2 * 2;
  alignas(32) double a[N][Q] = {}, v[N][Q] = {};
  double total = 0.0;
  for (int i = 0; i < N; ++i) {
    v[i][i] = 1.0;
    for (int j = 0; j <= i; ++j) {
      const double x = 0.5 * (re[i * N + j] + re[j * N + i]);
      a[j][i] = a[i][j] = x;
      total += x * x;
      if constexpr (COMPLEX) {
        const double y = 0.5 * (im[i * N + j] - im[j * N + i]);
        a[j][P + i] = y, a[i][P + j] = -y;
        total += y * y;
      }
    }
  }
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0.0;
    for (int j = 0; j < N; ++j)
      for (int i = j + 1; i < N; ++i) off += a[j][i] * a[j][i] + (COMPLEX ? a[j][P + i] * a[j][P + i] : 0.0);
    if (!(off > 1e-31 * total)) break;
    // Every pair meets once, disjoint ones side by side: their angles do not wait for each other.
    for (int round = 0; round < M - 1; ++round) {
      int count = 0, first[M / 2], second[M / 2];
      double cosine[M / 2], sine[M / 2], shift[M / 2], fx[M / 2], fy[M / 2];
      for (int k = 0; k < M / 2; ++k) {
        const int one = k == 0 ? M - 1 : (round + k) % (M - 1), other = (round + M - 1 - k) % (M - 1);
        const int p = one < other ? one : other, q = one < other ? other : one;
        if (q >= N) continue;
        // The entry (p, q), its modulus and the conjugate of its phase.
        const double x = a[q][p], y = COMPLEX ? a[q][P + p] : 0.0, square = x * x + y * y;
        if (!(square > 1e-36 * total)) continue;
        const double inverse = 1.0 / std::sqrt(square), size = square * inverse;
        const double difference = a[q][q] - a[p][p], root = std::sqrt(difference * difference + 4.0 * square);
        const double t = (difference >= 0.0 ? 2.0 : -2.0) * size / (std::fabs(difference) + root);
        const double c = 1.0 / std::sqrt(t * t + 1.0);
        first[count] = p, second[count] = q, cosine[count] = c, sine[count] = t * c, shift[count] = t * size;
        fx[count] = x * inverse, fy[count] = -y * inverse;
        ++count;
      }
      for (int k = 0; k < count; ++k) {
        const int p = first[k], q = second[k];
        const double c = cosine[k], s = sine[k], x = fx[k], y = fy[k];
        const double app = a[p][p], aqq = a[q][q];
        auto turn = [&](double* up, double* uq) {
          for (int i = 0; i < P; i += 4) {
            Four* pr = reinterpret_cast<Four*>(up + i);
            Four* qr = reinterpret_cast<Four*>(uq + i);
            if constexpr (COMPLEX) {
              Four* pi = reinterpret_cast<Four*>(up + P + i);
              Four* qi = reinterpret_cast<Four*>(uq + P + i);
              const Four r = *qr * x - *qi * y, m = *qr * y + *qi * x, kr = *pr, ki = *pi;
              *pr = c * kr - s * r, *pi = c * ki - s * m;
              *qr = s * kr + c * r, *qi = s * ki + c * m;
            } else {
              const Four r = *qr * x, kr = *pr;
              *pr = c * kr - s * r;
              *qr = s * kr + c * r;
            }
          }
        };
        turn(a[p], a[q]);
        turn(v[p], v[q]);
        a[p][p] = app - shift[k], a[q][q] = aqq + shift[k];
        a[p][q] = a[q][p] = 0.0;
        if constexpr (COMPLEX) a[p][P + p] = a[q][P + q] = a[p][P + q] = a[q][P + p] = 0.0;
        for (int j = 0; j < N; ++j) {
          if (j == p || j == q) continue;
          a[j][p] = a[p][j], a[j][q] = a[q][j];
          if constexpr (COMPLEX) a[j][P + p] = -a[p][P + j], a[j][P + q] = -a[q][P + j];
        }
      }
    }
  }
  int order[N];
  for (int i = 0; i < N; ++i) {
    int at = i;
    for (; at > 0 && a[i][i] < a[order[at - 1]][order[at - 1]]; --at) order[at] = order[at - 1];
    order[at] = i;
  }
  for (int j = 0; j < N; ++j) {
    w[j] = a[order[j]][order[j]];
    for (int i = 0; i < N; ++i) {
      v_re[i * N + j] = v[order[j]][i];
      if constexpr (COMPLEX) v_im[i * N + j] = v[order[j]][P + i];
    }
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
  small::eigh<N, COMPLEX>(re, im, v_re, v_im, w);
}
template <int N, bool COMPLEX>
static void eigh(const double* re, double* v_re, double* w) { small::eigh<N, false>(re, nullptr, v_re, nullptr, w); }

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
