//! How far raters agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number, with ratings missing.

/// What a disagreement weighs in [`cohen_kappa`], by the places of the two categories in the order of all that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Any disagreement is as bad as another.
    Equal,
    /// By the distance.
    Linear,
    /// By the squared distance.
    Quadratic,
}

/// Cohen's kappa of two raters over the units that both rated: 1 is agreement, 0 what chance gives. `None` without units, or when
/// both raters use one and the same category throughout, so that chance alone agrees fully.
///
/// Source: Cohen (1960), A coefficient of agreement for nominal scales; weights: Cohen (1968).
pub fn cohen_kappa(pairs: &[(f64, f64)], weights: Weights) -> Option<f64> {
    let categories = categories(pairs.iter().flat_map(|(one, other)| [*one, *other]));
    let place = |value: f64| categories.partition_point(|known| *known < value);
    let k = categories.len();
    let n = pairs.len() as f64;
    let (mut rows, mut columns) = (vec![0.0; k], vec![0.0; k]);
    let mut observed = 0.0;
    for (one, other) in pairs {
        let (i, j) = (place(*one), place(*other));
        rows[i] += 1.0;
        columns[j] += 1.0;
        observed += weight(weights, i, j);
    }
    let mut expected = 0.0;
    for (i, row) in rows.iter().enumerate() {
        for (j, column) in columns.iter().enumerate() {
            expected += weight(weights, i, j) * row * column / n;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

fn weight(weights: Weights, i: usize, j: usize) -> f64 {
    let distance = i.abs_diff(j) as f64;
    match weights {
        Weights::Equal => f64::from(u8::from(i != j)),
        Weights::Linear => distance,
        Weights::Quadratic => distance * distance,
    }
}

/// How two ratings differ in [`krippendorff_alpha`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// They are equal or not.
    Nominal,
    /// By how many ratings lie between them.
    Ordinal,
    /// By their squared difference.
    Interval,
}

/// Krippendorff's alpha over units, each with the ratings it got from however many raters: 1 is agreement, 0 what chance
/// gives. Units with fewer than two ratings count nothing. `None` when nothing can be compared, or all ratings are equal.
///
/// Source: Krippendorff (2011), Computing Krippendorff's alpha-reliability.
pub fn krippendorff_alpha(units: &[Vec<f64>], scale: Scale) -> Option<f64> {
    let paired: Vec<&Vec<f64>> = units.iter().filter(|unit| unit.len() > 1).collect();
    let values = categories(paired.iter().flat_map(|unit| unit.iter().copied()));
    let place = |value: f64| values.partition_point(|known| *known < value);
    let mut counts = vec![0.0; values.len()];
    for value in paired.iter().flat_map(|unit| unit.iter()) {
        counts[place(*value)] += 1.0;
    }
    let n: f64 = counts.iter().sum();
    let distance = |i: usize, j: usize| distance(scale, &values, &counts, i, j);
    let mut observed = 0.0;
    for unit in &paired {
        let places: Vec<usize> = unit.iter().map(|value| place(*value)).collect();
        let mut sum = 0.0;
        for (at, i) in places.iter().enumerate() {
            sum += places[at + 1..].iter().map(|j| 2.0 * distance(*i, *j)).sum::<f64>();
        }
        observed += sum / (unit.len() - 1) as f64;
    }
    let mut expected = 0.0;
    for i in 0..values.len() {
        for j in i + 1..values.len() {
            expected += 2.0 * counts[i] * counts[j] * distance(i, j);
        }
    }
    (expected > 0.0).then(|| 1.0 - (n - 1.0) * observed / expected)
}

fn distance(scale: Scale, values: &[f64], counts: &[f64], i: usize, j: usize) -> f64 {
    let (low, high) = (i.min(j), i.max(j));
    match scale {
        Scale::Nominal => f64::from(u8::from(i != j)),
        Scale::Interval => (values[i] - values[j]).powi(2),
        Scale::Ordinal => {
            let between: f64 = counts[low..=high].iter().sum();
            (between - f64::midpoint(counts[low], counts[high])).powi(2)
        }
    }
}

/// The different values, in order.
fn categories(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}
