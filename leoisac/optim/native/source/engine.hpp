// The augmented-Lagrangian method of one instance: the twin of leoisac/optim/batched, where its rules are explained.
//
// A problem gives N and M (numbers and constraints), forward(x, objective, c), which keeps what backward needs, and
// backward(x, weight, weights, g): the slope of weight * objective + weights . c at the point of the last forward.
#pragma once
#include "kernels.hpp"

struct Options {
  double penalty, penalty_growth, penalty_limit, required_reduction, gradient_tolerance, gradient_factor,
      gradient_floor, value_tolerance, violation_tolerance, approach_violation, approach_penalty, first_step, armijo,
      restoration_target, active_margin, landing_margin;
  long max_ticks, max_rounds, stalled_rounds, min_rounds, inner_steps, max_backtracks, approach_ticks,
      restoration_steps, memory;
};

struct Outcome {
  double objective, violation, penalty;
  long status, ticks, rounds, stage;
};

enum : long { RUNNING = -1, CONVERGED = 0, MAX_STEPS = 2, NONFINITE = 4 };

constexpr int padded(int n) { return (n + 7) / 8 * 8 + 8; }

// Entries behind N are zero in every vector of the solver, so that whole vectors may be worked on.
template <int N>
ALWAYS double inner(const double* a, const double* b) {
  constexpr int P = padded(N);
  Four s0{}, s1{};
  for (int i = 0; i < P; i += 8) {
    s0 += four(a + i) * four(b + i);
    s1 += four(a + i + 4) * four(b + i + 4);
  }
  const Four s = s0 + s1;
  return (s[0] + s[2]) + (s[1] + s[3]);
}

template <class Problem, int MEMORY>
class Solver {
  static constexpr int N = Problem::N, M = Problem::M, P = padded(N), Q = padded(M);
  alignas(64) double steps_[MEMORY][P], changes_[MEMORY][P];
  alignas(64) double point_[2][P], slope_at_[2][P], direction_[P], moved_[P];
  alignas(64) double curvature_[MEMORY], shares_[MEMORY];
  alignas(64) double multipliers_[Q], c_[Q], trial_c_[Q], weights_[Q];
  alignas(64) double rows_[M > 0 ? M : 1][P], gram_[M > 0 ? M : 1][M > 0 ? M : 1];
  double *x_, *trial_, *g_, *trial_g_;
  int used_, head_;
  double scale_;

  double augmented(double objective, const double* c, double penalty) {
    double sum = 0.0;
    for (int i = 0; i < M; ++i) {
      const double shifted = larger(0.0, multipliers_[i] - penalty * c[i]);
      weights_[i] = c[i] != c[i] ? c[i] : -shifted;
      sum += shifted * shifted - multipliers_[i] * multipliers_[i] + (c[i] != c[i] ? c[i] : 0.0);
    }
    return objective + sum / (2.0 * penalty);
  }

  static double largest_violation(const double* c) {
    double found = 0.0;
    for (int i = 0; i < M; ++i) {
      if (c[i] != c[i]) return std::numeric_limits<double>::infinity();
      found = larger(found, -c[i]);
    }
    return found;
  }

  // The curvature pair of an accepted step, unless the curvature along it is not positive.
  void remember() {
    double* s = steps_[head_];
    double* y = changes_[head_];
    Four sy{}, yy{}, ss{};
    for (int i = 0; i < P; i += 4) {
      const Four ds = four(trial_ + i) - four(x_ + i), dy = four(trial_g_ + i) - four(g_ + i);
      *reinterpret_cast<Four*>(s + i) = ds;
      *reinterpret_cast<Four*>(y + i) = dy;
      sy += ds * dy;
      yy += dy * dy;
      ss += ds * ds;
    }
    auto total = [](const Four& v) { return (v[0] + v[2]) + (v[1] + v[3]); };
    const double along = total(sy), change = total(yy), length = total(ss);
    if (!(along > 1e-10 * std::sqrt(length * change))) return;
    curvature_[head_] = along;
    scale_ = along / change;
    head_ = (head_ + 1) % MEMORY;
    used_ = used_ < MEMORY ? used_ + 1 : MEMORY;
  }

  // direction = -H g by the two loops of L-BFGS (Nocedal and Wright, algorithm 7.4).
  void descend() {
    for (int i = 0; i < P; ++i) direction_[i] = -g_[i];
    auto add = [this](const double* v, double factor) {
      for (int i = 0; i < P; ++i) direction_[i] += factor * v[i];
    };
    for (int k = 1; k <= used_; ++k) {
      const int j = (head_ - k + MEMORY) % MEMORY;
      shares_[j] = inner<N>(steps_[j], direction_) / curvature_[j];
      add(changes_[j], -shares_[j]);
    }
    for (int i = 0; i < P; ++i) direction_[i] *= scale_;
    for (int k = used_; k >= 1; --k) {
      const int j = (head_ - k + MEMORY) % MEMORY;
      add(steps_[j], shares_[j] - inner<N>(changes_[j], direction_) / curvature_[j]);
    }
  }

 public:
  // Histories have max_rounds entries each, NaN where there was no such round. The multipliers to begin with stand
  // where the last ones go.
  void run(Problem& problem, const Options& o, long stages, const double* start, double* x_out, double* multipliers,
           double* objectives, double* violations, Outcome& out) {
    std::memset(static_cast<void*>(this), 0, sizeof *this);
    x_ = point_[0], trial_ = point_[1], g_ = slope_at_[0], trial_g_ = slope_at_[1];
    std::memcpy(x_, start, N * sizeof(double));
    const double infinite = std::numeric_limits<double>::infinity();
    std::memcpy(multipliers_, multipliers, M * sizeof(double));
    double penalty = o.penalty, tolerance = o.gradient_tolerance;
    double last_value = infinite, last_violation = infinite, last_merit = infinite;
    double value = 0.0, objective = 0.0, step = 0.0, slope = 0.0;
    long ticks = 0, rounds = 0, stalled = 0, inner_steps = 0, rejections = 0, stage = 0, stage_began = 0;
    long status = RUNNING;
    bool unevaluated = true, is_kept = false;
    scale_ = 1.0;
    problem.enter(stage);
    for (long r = 0; r < o.max_rounds; ++r) objectives[r] = violations[r] = std::numeric_limits<double>::quiet_NaN();

    while (status == RUNNING) {
      double trial_objective;
      if (unevaluated) {
        std::memcpy(trial_, x_, sizeof point_[0]);
      } else {
        for (int i = 0; i < P; ++i) trial_[i] = x_[i] + step * direction_[i];
      }
      if (unevaluated && is_kept) {  // the same point with new multipliers
        trial_objective = objective;
        std::memcpy(trial_c_, c_, sizeof c_);
      } else {
        problem.forward(trial_, trial_objective, trial_c_);
      }
      ++ticks;
      const double trial_value = augmented(trial_objective, trial_c_, penalty);
      const double allowed = value + o.armijo * (step * slope) + 1e-15 * (1.0 + std::fabs(value));
      bool is_accepted = std::isfinite(trial_value) && (unevaluated || trial_value <= allowed);
      double norm = 0.0;
      if (is_accepted) {
        problem.backward(trial_, 1.0, weights_, trial_g_);
        const double squared = inner<N>(trial_g_, trial_g_);
        is_accepted = std::isfinite(squared);
        norm = std::sqrt(squared);
      }
      if (unevaluated && !is_accepted) {
        status = NONFINITE;
        break;
      }
      is_kept = is_accepted;  // what forward keeps belongs to the last point that it saw
      bool search_failed = false;
      if (is_accepted) {
        if (!unevaluated) {
          remember();
          ++inner_steps;
        }
        std::swap(x_, trial_);
        std::swap(g_, trial_g_);
        std::memcpy(c_, trial_c_, sizeof c_);
        value = trial_value, objective = trial_objective;
        rejections = 0;
      } else {
        const double excess = trial_value - value - step * slope;
        const bool usable = std::isfinite(excess) && excess > 0.0;
        const double share = usable ? smaller(0.5, larger(0.1, -0.5 * step * slope / excess)) : 0.1;
        step *= share;
        if (++rejections >= o.max_backtracks) {
          search_failed = true;
          used_ = 0;
        }
      }
      const bool is_last = stage == stages - 1;
      const bool is_flat = is_accepted && norm <= tolerance;
      const bool spent = ticks >= o.max_ticks || (!is_last && ticks - stage_began >= o.approach_ticks);
      if (!((is_accepted ? is_flat : search_failed) || inner_steps >= o.inner_steps || spent)) {
        if (!is_accepted) continue;
        if (used_ == 0) scale_ = o.first_step / larger(norm, 1e-300);
        descend();
        slope = inner<N>(direction_, g_);
        if (!(slope < 0.0)) {
          used_ = 0;
          for (int i = 0; i < P; ++i) direction_[i] = -scale_ * g_[i];
          slope = -scale_ * norm * norm;
        }
        step = 1.0;
        unevaluated = false;
        continue;
      }

      // The round ends: first-order multiplier update.
      double merit = 0.0;
      const double violation = largest_violation(c_);
      for (int i = 0; i < M; ++i) merit = larger(merit, std::fabs(smaller(c_[i], multipliers_[i] / penalty)));
      const bool too_slow = merit > o.required_reduction * last_merit && merit > o.violation_tolerance;
      const bool is_stuck = violation > o.violation_tolerance && violation > 0.9 * last_violation;
      for (int i = 0; i < M; ++i) multipliers_[i] = larger(0.0, multipliers_[i] - penalty * c_[i]);
      if (too_slow) penalty = smaller(penalty * o.penalty_growth, o.penalty_limit);
      const double steepness = std::sqrt(inner<N>(g_, g_));
      const bool is_coarse = steepness <= tolerance && steepness > o.gradient_floor;
      tolerance = larger(tolerance * o.gradient_factor, o.gradient_floor);
      stalled = is_stuck ? stalled + 1 : 0;
      objectives[rounds] = objective, violations[rounds] = violation;
      ++rounds;
      const bool settled = std::fabs(value - last_value) <= o.value_tolerance * larger(1.0, std::fabs(value));
      const bool enough = rounds >= o.min_rounds && violation <= o.violation_tolerance;
      if (settled && enough && !is_coarse && is_last) {
        status = CONVERGED;
      } else if (ticks >= o.max_ticks || rounds >= o.max_rounds || stalled >= o.stalled_rounds) {
        status = MAX_STEPS;
      }
      last_value = value, last_violation = violation, last_merit = merit;
      if (status == RUNNING && !is_last && (spent || violation <= o.approach_violation)) {
        penalty = smaller(penalty, o.approach_penalty);
        tolerance = o.gradient_tolerance;
        last_value = last_violation = last_merit = infinite;
        stalled = 0;
        stage_began = ticks;
        problem.enter(++stage);
        used_ = 0;
        is_kept = false;
      }
      inner_steps = rejections = 0;
      step = 0.0;
      unevaluated = true;
    }
    out.penalty = penalty, out.status = status, out.ticks = ticks, out.rounds = rounds, out.stage = stage;
    std::memcpy(multipliers, multipliers_, M * sizeof(double));
    if (stage < stages - 1) problem.enter(stages - 1);
    restore(problem, o, out);
    std::memcpy(x_out, x_, N * sizeof(double));
  }

 private:
  // Least-norm corrections that bring the constraints to where they belong (see batched/restoration.py).
  void restore(Problem& problem, const Options& o, Outcome& out) {
    double objective;
    problem.forward(x_, objective, c_);
    double violation = finite_violation(c_), scale = 1.0;
    if (M > 0) {
      for (long k = 0; k < o.restoration_steps; ++k) {
        if (k > 0 && !(violation > o.restoration_target && std::isfinite(violation))) break;
        bool lands[M > 0 ? M : 1];
        if (k > 0) problem.forward(x_, objective, c_);
        correct(problem, o, k == 0, scale, lands);
        double new_objective;
        problem.forward(moved_, new_objective, trial_c_);
        const bool is_closer = distance(trial_c_, lands) < distance(c_, lands);
        if (is_closer) {
          std::memcpy(x_, moved_, sizeof moved_);
          violation = finite_violation(trial_c_);
          objective = new_objective;
        }
        scale = is_closer || k == 0 ? 1.0 : 0.5 * scale;
      }
    }
    out.objective = objective, out.violation = violation;
  }

  static double finite_violation(const double* c) {
    const double found = largest_violation(c);
    return std::isfinite(found) ? found : std::numeric_limits<double>::infinity();
  }

  static double distance(const double* c, const bool* lands) {
    double found = 0.0;
    for (int i = 0; i < M; ++i) {
      if (c[i] != c[i]) return std::numeric_limits<double>::quiet_NaN();
      found = larger(found, lands[i] ? std::fabs(c[i]) : -c[i]);
    }
    return found;
  }

  void correct(Problem& problem, const Options& o, bool is_first, double scale, bool* lands) {
    double target[M > 0 ? M : 1], length[M > 0 ? M : 1];
    bool is_used[M > 0 ? M : 1];
    for (int i = 0; i < M; ++i) {
      std::memset(weights_, 0, sizeof weights_);
      weights_[i] = 1.0;
      problem.backward(x_, 0.0, weights_, rows_[i]);
      lands[i] = is_first && multipliers_[i] > 0.0 && std::fabs(c_[i]) <= o.landing_margin;
      length[i] = std::sqrt(inner<N>(rows_[i], rows_[i]));
      is_used[i] = (lands[i] || c_[i] < o.active_margin) && length[i] > 0.0;
      target[i] = lands[i] ? -c_[i] : larger(0.0, -c_[i]);
    }
    for (int i = 0; i < M; ++i) {
      for (int j = 0; j <= i; ++j) {
        gram_[i][j] = is_used[i] && is_used[j] ? inner<N>(rows_[i], rows_[j]) / (length[i] * length[j]) : 0.0;
      }
      gram_[i][i] += is_used[i] ? 1e-12 : 1.0;
      target[i] = is_used[i] ? target[i] / length[i] : 0.0;
    }
    for (int j = 0; j < M; ++j) {  // Cholesky factor, then both triangles
      for (int k = 0; k < j; ++k) gram_[j][j] -= gram_[j][k] * gram_[j][k];
      gram_[j][j] = std::sqrt(gram_[j][j]);
      for (int i = j + 1; i < M; ++i) {
        for (int k = 0; k < j; ++k) gram_[i][j] -= gram_[i][k] * gram_[j][k];
        gram_[i][j] /= gram_[j][j];
      }
    }
    for (int i = 0; i < M; ++i) {
      for (int k = 0; k < i; ++k) target[i] -= gram_[i][k] * target[k];
      target[i] /= gram_[i][i];
    }
    for (int i = M - 1; i >= 0; --i) {
      for (int k = i + 1; k < M; ++k) target[i] -= gram_[k][i] * target[k];
      target[i] /= gram_[i][i];
    }
    std::memcpy(moved_, x_, sizeof moved_);
    for (int i = 0; i < M; ++i) {
      if (!is_used[i]) continue;
      const double factor = scale * target[i] / length[i];
      for (int q = 0; q < P; ++q) moved_[q] += factor * rows_[i][q];
    }
  }
};
