% u + 10 a + 100 t, and its square root as the imaginary part: users, antennas, trials
[u, a, t] = ndgrid(1:3, 1:4, 1:6);
H = complex(u + 10 * a + 100 * t, sqrt(u + 10 * a + 100 * t));
[f, t] = ndgrid(1:4, 1:6);
meas.h = complex(f, -t);
[u, f, t] = ndgrid(1:3, 1:5, 1:6);
G = complex(f, u + t);
ge = complex((1:5)', 0);          % a column; real, but kept complex
s2 = 2e-13;
save('-v7', 'octave-v7.mat', 'H', 'meas', 'G', 'ge', 's2');
