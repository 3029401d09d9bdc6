//! Adjusting p values for the number of questions asked.

/// Holm's step-down adjustment (1979): controls the chance of any false finding. One adjusted value per given one, in
/// the given order, at most 1.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut adjusted = vec![0.0; n];
    let mut largest: f64 = 0.0;
    for (rank, &index) in ascending(p_values).iter().enumerate() {
        largest = largest.max((n - rank) as f64 * p_values[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up adjustment (1995): controls the expected share of false findings among the findings.
/// One adjusted value per given one, in the given order, at most 1.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut adjusted = vec![0.0; n];
    let mut smallest: f64 = 1.0;
    for (rank, &index) in ascending(p_values).iter().enumerate().rev() {
        smallest = smallest.min(n as f64 / (rank + 1) as f64 * p_values[index]);
        adjusted[index] = smallest;
    }
    adjusted
}

fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}
