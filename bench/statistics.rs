//! Means with their confidence, from batches.
//!
//! Samples of one run depend on each other, so the spread of single samples says
//! too little. The means of long batches hardly do: their spread is used.

use serde::Serialize;

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean of the batch means.
    pub mean: f64,
    /// Half the width of the interval.
    pub half_width: f64,
    /// How many batches.
    pub batches: usize,
}

/// The mean of batch means. With fewer than two batches the interval is unknown
/// and given as infinite.
pub fn of_batches(batches: &[f64]) -> Mean {
    let n = batches.len();
    if n == 0 {
        return Mean { mean: 0.0, half_width: f64::INFINITY, batches: 0 };
    }
    let mean = batches.iter().sum::<f64>() / n as f64;
    let half_width = if n < 2 {
        f64::INFINITY
    } else {
        let squares: f64 = batches.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (n - 1) as f64).sqrt();
        t_975(n - 1) * deviation / (n as f64).sqrt()
    };
    Mean { mean, half_width, batches: n }
}

/// The 97.5 % quantile of Student's distribution with this many degrees of freedom.
///
/// The normal quantile with the first three terms of Cornish and Fisher's
/// expansion; under five degrees the exact values, where the expansion is poor.
pub fn t_975(freedom: usize) -> f64 {
    const Z: f64 = 1.959_963_985;
    match freedom {
        0 => f64::INFINITY,
        1 => 12.706,
        2 => 4.303,
        3 => 3.182,
        4 => 2.776,
        _ => {
            let v = freedom as f64;
            let first = (Z.powi(3) + Z) / (4.0 * v);
            let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * v * v);
            let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z)
                / (384.0 * v.powi(3));
            Z + first + second + third
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(4, 2.776), (9, 2.262), (19, 2.093), (59, 2.001), (999, 1.962)]
        {
            assert!((t_975(freedom) - expected).abs() < 0.004, "{freedom}: {}", t_975(freedom));
        }
    }

    #[test]
    fn equal_batches_leave_no_doubt() {
        let mean = of_batches(&[5.0; 20]);
        assert_eq!((mean.mean, mean.half_width), (5.0, 0.0));
    }

    #[test]
    fn a_single_batch_says_nothing_about_the_spread() {
        assert!(of_batches(&[5.0]).half_width.is_infinite());
    }
}
