// What Python calls: a queue of starts, each with the data of one instance.
#pragma once
#include <new>
#include <memory>

template <class Problem, int MEMORY>
void solve_queue(long first, long last, const long* index, const void* const* data, const void* const* path,
                 long stages, const double* starts, const Options& options, double* x, double* multipliers,
                 double* objectives, double* violations, Outcome* outcomes) {
  auto problem = std::make_unique<Problem>();
  auto solver = std::make_unique<Solver<Problem, MEMORY>>();
  std::memset(static_cast<void*>(problem.get()), 0, sizeof(Problem));
  problem->path = path;
  constexpr long N = Problem::N, M = Problem::M;
  for (long q = first; q < last; ++q) {
    problem->load(data, index[q]);
    solver->run(*problem, options, stages, starts + q * N, x + q * N, multipliers + q * M,
                objectives + q * options.max_rounds, violations + q * options.max_rounds, outcomes[q]);
  }
}

#define INTERFACE(PROBLEM, MEMORY)                                                                                   \
  extern "C" void solve(long first, long last, const long* index, const void* const* data, const void* const* path,   \
                        long stages, const double* starts, const Options* options, double* x, double* multipliers,    \
                        double* objectives, double* violations, Outcome* outcomes) {                                  \
    solve_queue<PROBLEM, MEMORY>(first, last, index, data, path, stages, starts, *options, x, multipliers, objectives, \
                                 violations, outcomes);                                                               \
  }                                                                                                                   \
  extern "C" void evaluate(const void* const* data, const void* const* path, long stage, const double* x,             \
                           double weight, const double* weights, double* objective, double* c, double* g) {           \
    auto problem = std::make_unique<PROBLEM>();                                                                       \
    alignas(64) static thread_local double point[padded(PROBLEM::N)], slope[padded(PROBLEM::N)];                      \
    alignas(64) static thread_local double given[padded(PROBLEM::M)];                                                 \
    std::memset(static_cast<void*>(problem.get()), 0, sizeof(PROBLEM));                                               \
    std::memcpy(point, x, PROBLEM::N * sizeof(double));                                                               \
    std::memcpy(given, weights, PROBLEM::M * sizeof(double));                                                         \
    problem->path = path;                                                                                             \
    problem->load(data, 0);                                                                                           \
    problem->enter(stage);                                                                                            \
    problem->forward(point, *objective, c);                                                                           \
    problem->backward(point, weight, given, slope);                                                                   \
    std::memcpy(g, slope, PROBLEM::N * sizeof(double));                                                               \
  }
