//! Measures of a ranking, as `trec_eval` defines them. A ranking is the relevance of the retrieved documents in order: 0 is
//! not relevant, larger is more relevant. Relevant documents that were not retrieved count where a definition needs them.

/// Whether a relevant document is among the first `k`: 1 or 0 (`success_k`).
pub fn success(ranking: &[u32], k: usize) -> f64 {
    f64::from(u8::from(top(ranking, k).iter().any(|relevance| *relevance > 0)))
}

/// Relevant documents among the first `k`, over all `relevant` ones (`recall_k`). `None` when there are none.
pub fn recall(ranking: &[u32], k: usize, relevant: usize) -> Option<f64> {
    let found = top(ranking, k).iter().filter(|relevance| **relevance > 0).count();
    (relevant > 0).then(|| found as f64 / relevant as f64)
}

/// One over the rank of the first relevant document among the first `k`; 0 without one (`recip_rank`, cut at `k`).
pub fn reciprocal_rank(ranking: &[u32], k: usize) -> f64 {
    let first = top(ranking, k).iter().position(|relevance| *relevance > 0);
    first.map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// Discounted cumulative gain of the first `k` over that of the best possible ranking of all `judged` relevances
/// (`ndcg_cut_k`; the gain is the relevance itself, the discount the binary logarithm of the rank plus one). `None`
/// when nothing is relevant.
pub fn ndcg(ranking: &[u32], k: usize, judged: &[u32]) -> Option<f64> {
    let mut ideal = judged.to_vec();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let ideal = discounted_gain(top(&ideal, k));
    (ideal > 0.0).then(|| discounted_gain(top(ranking, k)) / ideal)
}

fn discounted_gain(relevances: &[u32]) -> f64 {
    relevances
        .iter()
        .enumerate()
        .map(|(place, relevance)| f64::from(*relevance) / ((place + 2) as f64).log2())
        .sum()
}

fn top(ranking: &[u32], k: usize) -> &[u32] {
    &ranking[..k.min(ranking.len())]
}
