package tuning

import (
	"math"
	"slices"
)

// ridge is the strength by which a fit is drawn towards zero: with few data it says little rather than something wild.
const ridge = 1

// fit is a logistic regression: the logarithm of the odds of y is bias plus the sum of weights times x.
type fit struct {
	bias    float64
	weights []float64
	errors  []float64 // standard errors of the weights
}

func (f *fit) score(x []float64) float64 {
	z := f.bias
	for i, w := range f.weights {
		z += w * x[i]
	}
	return z
}

// logistic fits by Newton's method. It reports false where it does not settle.
func logistic(xs [][]float64, ys []bool) (fit, bool) {
	n := len(xs[0]) + 1 // the bias is the last
	beta := make([]float64, n)
	for range 60 {
		gradient, hessian := make([]float64, n), make([][]float64, n)
		for i := range hessian {
			hessian[i] = make([]float64, n)
		}
		row := make([]float64, n)
		for k, x := range xs {
			copy(row, x)
			row[n-1] = 1
			z := 0.0
			for i := range row {
				z += beta[i] * row[i]
			}
			p := 1 / (1 + math.Exp(-z))
			miss := -p
			if ys[k] {
				miss = 1 - p
			}
			for i := range row {
				gradient[i] += miss * row[i]
				for j := range i + 1 {
					hessian[i][j] += p * (1 - p) * row[i] * row[j]
				}
			}
		}
		for i := range n - 1 {
			gradient[i] -= ridge * beta[i]
			hessian[i][i] += ridge
		}
		hessian[n-1][n-1] += 1e-9
		lower, ok := cholesky(hessian)
		if !ok {
			return fit{}, false
		}
		step := solve(lower, gradient)
		moved := 0.0
		for i := range beta {
			beta[i] += min(max(step[i], -5), 5)
			moved = max(moved, math.Abs(step[i]))
		}
		if moved < 1e-8 {
			f := fit{bias: beta[n-1], weights: beta[:n-1]}
			for i := range n - 1 {
				unit := make([]float64, n)
				unit[i] = 1
				f.errors = append(f.errors, math.Sqrt(solve(lower, unit)[i]))
			}
			return f, true
		}
	}
	return fit{}, false
}

// cholesky splits a symmetric matrix, given by its lower half, into the product of a lower one and its mirror image.
func cholesky(m [][]float64) ([][]float64, bool) {
	n := len(m)
	l := make([][]float64, n)
	for i := range n {
		l[i] = make([]float64, i+1)
		for j := range i + 1 {
			sum := m[i][j]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i != j {
				l[i][j] = sum / l[j][j]
				continue
			}
			if sum <= 0 {
				return nil, false
			}
			l[i][i] = math.Sqrt(sum)
		}
	}
	return l, true
}

func solve(l [][]float64, b []float64) []float64 {
	n := len(l)
	x := slices.Clone(b)
	for i := range n {
		for k := range i {
			x[i] -= l[i][k] * x[k]
		}
		x[i] /= l[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
	return x
}

// ranking is the probability that one that was won scores higher than one that was lost; a half is chance.
func ranking(scores []float64, won []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return 0
	})
	sum, wins := 0.0, 0
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			j++
		}
		rank := float64(i+j+1) / 2 // equal scores share their mean rank, counted from 1
		for _, k := range order[i:j] {
			if won[k] {
				sum += rank
				wins++
			}
		}
		i = j
	}
	losses := len(order) - wins
	if wins == 0 || losses == 0 {
		return 0.5
	}
	return (sum - float64(wins*(wins+1))/2) / float64(wins*losses)
}

// spread is the standard deviation.
func spread(list []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range list {
		mean += v / float64(len(list))
	}
	for _, v := range list {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(max(len(list)-1, 1)))
}
