// What Python calls: a queue of starts, each with the data of one instance.
#pragma once

// Memory on the heap, aligned as its type asks for, all zero.
template <class T>
struct Held {
  T* own = new T;
  Held() { std::memset(static_cast<void*>(own), 0, sizeof(T)); }
  ~Held() { delete own; }
  Held(const Held&) = delete;
  T* operator->() const { return own; }
  T& operator*() const { return *own; }
};

template <class Problem, int MEMORY>
void solve_queue(long first, long last, const long* index, const void* const* data, const void* const* path,
                 long stages, const double* starts, const Options& options, double* x, double* multipliers,
                 double* objectives, double* violations, Outcome* outcomes) {
  Held<Problem> problem;
  Held<Solver<Problem, MEMORY>> solver;
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
    Held<PROBLEM> problem;                                                                                            \
    alignas(64) static thread_local double point[padded(PROBLEM::N)], slope[padded(PROBLEM::N)];                      \
    alignas(64) static thread_local double given[padded(PROBLEM::M)];                                                 \
    std::memcpy(point, x, PROBLEM::N * sizeof(double));                                                               \
    std::memcpy(given, weights, PROBLEM::M * sizeof(double));                                                         \
    problem->path = path;                                                                                             \
    problem->load(data, 0);                                                                                           \
    problem->enter(stage);                                                                                            \
    problem->forward(point, *objective, c);                                                                           \
    problem->backward(point, weight, given, slope);                                                                   \
    std::memcpy(g, slope, PROBLEM::N * sizeof(double));                                                               \
  }
