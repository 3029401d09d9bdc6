//! How fast a model runs here, against what the machine could do.

use std::hint::black_box;
use std::time::Instant;

use holometer_core::{Cancel, Decoding, Model, RequestKey, TokenId};
use rayon::prelude::*;

use crate::decoder::Run;
use crate::format::{DType, TensorView};
use crate::kernels::attention::PAGE;
use crate::kernels::gemm::{self, Products};
use crate::kernels::panels::{Panels, RowSource};
use crate::kernels::{AlignedBuffer, fma_peak, rows};
use crate::model::{LocalModel, State};
use crate::schedule::{Job, Scheduler, Work};

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchOptions {
    /// Tokens of the prompt whose reading is timed.
    pub prefill_tokens: usize,
    /// Numbers of sequences that are written at the same time.
    pub decode_sequences: Vec<usize>,
    /// Tokens that each of them writes.
    pub decode_tokens: usize,
    /// The evaluation job: tokens that all questions begin with.
    pub job_prefix: usize,
    /// The evaluation job: questions.
    pub job_questions: usize,
    /// The evaluation job: tokens of each question.
    pub job_suffix: usize,
    /// The evaluation job: choices of one token each.
    pub job_choices: usize,
    /// How often everything is repeated; medians are reported.
    pub repeats: usize,
}

impl Default for BenchOptions {
    /// A 1,024-token prompt; 1, 8 and 16 sequences of 64 tokens; 100 questions of 80 tokens with 4 choices after a prefix
    /// of 900.
    fn default() -> Self {
        Self {
            prefill_tokens: 1024,
            decode_sequences: vec![1, 8, 16],
            decode_tokens: 64,
            job_prefix: 900,
            job_questions: 100,
            job_suffix: 80,
            job_choices: 4,
            repeats: 3,
        }
    }
}

/// Speed of writing with some sequences at the same time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodeRate {
    /// How many sequences.
    pub sequences: usize,
    /// Tokens per second, all sequences together.
    pub tokens_per_second: f64,
    /// The share of the read bandwidth that reading all weights once per step takes, 0 to 1.
    pub share_of_bandwidth: f64,
}

/// What was measured. Medians over the repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchReport {
    /// The model in one line.
    pub model: String,
    /// Threads used.
    pub threads: usize,
    /// The machine's fused multiply-add peak in f32 with these threads, in GFLOP/s.
    pub peak_gflops: f64,
    /// The f32 matrix product of 1,536 x 1,536 numbers with as many, with these threads, in GFLOP/s.
    pub product_gflops: f64,
    /// The machine's read bandwidth with these threads, in GB/s, over a set larger than the caches.
    pub bandwidth_gbs: f64,
    /// Bytes of weights that one step reads.
    pub weight_bytes: usize,
    /// Prompt tokens per second.
    pub prefill_tokens_per_second: f64,
    /// The share of the f32 peak that reading the prompt reaches, attention included, 0 to 1.
    pub prefill_share_of_peak: f64,
    /// The same against the matrix product.
    pub prefill_share_of_product: f64,
    /// Writing.
    pub decode: Vec<DecodeRate>,
    /// Seconds of the evaluation job.
    pub job_seconds: f64,
    /// Tokens of the job as a harness without prefix sharing would compute them, per second.
    pub job_tokens_per_second: f64,
}

/// Measures a model. Takes from seconds to minutes.
pub fn bench(model: &LocalModel, options: &BenchOptions) -> BenchReport {
    let median = |measure: &dyn Fn() -> f64| {
        let mut seconds: Vec<f64> = (0..options.repeats.max(1)).map(|_| measure()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    };
    let threads = model.pool.current_num_threads();
    let peak_gflops = model.pool.install(|| peak(model));
    let product_gflops = model.pool.install(|| product(model));
    let bandwidth_gbs = model.pool.install(bandwidth);
    let window = model.window().max_sequence_length;
    let prefill_tokens = options.prefill_tokens.clamp(1, window);
    let prefill_seconds = median(&|| prefill(model, prefill_tokens));
    let weight_bytes = model.decoder.weight_bytes();
    let decode = options
        .decode_sequences
        .iter()
        .map(|sequences| {
            let tokens = options.decode_tokens.clamp(1, window - 1);
            let seconds = median(&|| decode(model, *sequences, tokens));
            let steps_per_second = tokens as f64 / seconds;
            DecodeRate {
                sequences: *sequences,
                tokens_per_second: *sequences as f64 * steps_per_second,
                share_of_bandwidth: steps_per_second * weight_bytes as f64 / 1e9 / bandwidth_gbs,
            }
        })
        .collect();
    let job_seconds = median(&|| job(model, options));
    let job_tokens =
        options.job_questions * options.job_choices * (options.job_prefix + options.job_suffix + 1);
    let flops = model.decoder.flops(prefill_tokens);
    BenchReport {
        model: model.card().summary.clone(),
        threads,
        peak_gflops,
        product_gflops,
        bandwidth_gbs,
        weight_bytes,
        prefill_tokens_per_second: prefill_tokens as f64 / prefill_seconds,
        prefill_share_of_peak: flops / prefill_seconds / 1e9 / peak_gflops,
        prefill_share_of_product: flops / prefill_seconds / 1e9 / product_gflops,
        decode,
        job_seconds,
        job_tokens_per_second: job_tokens as f64 / job_seconds,
    }
}

/// The fastest that the innermost kernel runs on data in the first-level cache, on all threads at once.
fn peak(model: &LocalModel) -> f64 {
    let threads = rayon::current_num_threads();
    let isa = model.decoder.isa;
    let flops: Vec<f64> =
        (0..threads).into_par_iter().with_max_len(1).map(|_| fma_peak(isa)).collect();
    flops.iter().sum::<f64>() / 1e9
}

/// The matrix product itself on a square matrix, a few times; the best counts.
fn product(model: &LocalModel) -> f64 {
    const SIZE: usize = 1536;
    let values: Vec<f32> = (0..SIZE * SIZE).map(|i| (i % 61) as f32 / 61.0 - 0.5).collect();
    let shape = [SIZE, SIZE];
    let bytes = bytemuck::cast_slice(&values);
    let view = TensorView { dtype: DType::F32, shape: &shape, bytes };
    let rows: Vec<RowSource<'_>> = (0..SIZE).map(|row| RowSource { view, row }).collect();
    let weights = [Panels::pack(&rows)];
    let (mut packed, mut out) = (AlignedBuffer::default(), AlignedBuffer::zeros(SIZE * SIZE));
    let mut best = f64::INFINITY;
    for _ in 0..8 {
        let start = Instant::now();
        let isa = model.decoder.isa;
        let target = out.as_mut_slice();
        gemm::multiply(isa, Products::Exact, &values, &weights, &mut packed, target);
        best = best.min(start.elapsed().as_secs_f64());
    }
    black_box(out.as_slice());
    2.0 * (SIZE * SIZE * SIZE) as f64 / best / 1e9
}

/// Reads half a gigabyte, a few times; the best counts.
fn bandwidth() -> f64 {
    const FLOATS: usize = 128 << 20;
    let mut buffer = AlignedBuffer::zeros(FLOATS);
    buffer.as_mut_slice().par_chunks_mut(1 << 20).for_each(|chunk| chunk.fill(1.0));
    let isa = crate::kernels::Isa::detect();
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        let parts = buffer.as_slice().par_chunks(1 << 20);
        let sum: f32 = parts.map(|chunk| rows::maximum(isa, chunk)).sum();
        black_box(sum);
        best = best.min(start.elapsed().as_secs_f64());
    }
    FLOATS as f64 * 4.0 / best / 1e9
}

/// Tokens that differ from one another and from call to call, without special ones.
fn tokens(model: &LocalModel, count: usize, salt: usize) -> Vec<TokenId> {
    let vocabulary = model.decoder.config.vocabulary;
    let span = (vocabulary - vocabulary / 4).max(1);
    (0..count).map(|i| (vocabulary / 8 + (i * 7919 + salt * 104_729) % span) as TokenId).collect()
}

fn prefill(model: &LocalModel, count: usize) -> f64 {
    let tokens = tokens(model, count, 1);
    let mut state = model.state();
    let State { kv, work } = &mut *state;
    let pages: Vec<_> = (0..count.div_ceil(PAGE).min(kv.available())).map(|_| kv.take()).collect();
    let count = count.min(pages.len() * PAGE);
    let start = Instant::now();
    model.pool.install(|| {
        let mut done = 0;
        while done < count {
            let end = (done + model.limits().rows).min(count);
            let wanted = if end == count { vec![end - done - 1] } else { Vec::new() };
            let run = Run {
                tokens: &tokens[done..end],
                position: done,
                pages: &pages[..end.div_ceil(PAGE)],
                wanted: &wanted,
            };
            model.decoder.forward(&[run], kv, work, &|| false);
            done = end;
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    for page in pages {
        kv.release(page);
    }
    seconds
}

fn decode(model: &LocalModel, sequences: usize, count: usize) -> f64 {
    let decoding = Decoding { max_tokens: count, ..Decoding::default() };
    let jobs = (0..sequences).map(|index| Work::Generate {
        prompt: tokens(model, 2, index),
        decoding: Box::new(decoding.clone()),
        seed: 0,
        room: count,
    });
    run(model, jobs.collect())
}

fn job(model: &LocalModel, options: &BenchOptions) -> f64 {
    let prefix = tokens(model, options.job_prefix, 3);
    let mut jobs = Vec::new();
    for question in 0..options.job_questions {
        let suffix = tokens(model, options.job_suffix, question + 5);
        for choice in 0..options.job_choices {
            let mut tokens = [prefix.as_slice(), suffix.as_slice()].concat();
            tokens.push(choice as TokenId);
            let (first, prompt_tokens) = (tokens.len() - 1, tokens.len());
            jobs.push(Work::Score {
                tokens,
                first,
                text: String::new(),
                unscored: Vec::new(),
                prompt_tokens,
            });
        }
    }
    run(model, jobs)
}

fn run(model: &LocalModel, works: Vec<Work>) -> f64 {
    let jobs: Vec<Job> = works
        .into_iter()
        .enumerate()
        .map(|(index, work)| Job { key: RequestKey(index as u64), work })
        .collect();
    let mut state = model.state();
    let State { kv, work } = &mut *state;
    let cancel = Cancel::new();
    // Without end tokens every sequence is written to its full length.
    let shared = model.shared(&[], &cancel, &|_| {});
    let start = Instant::now();
    model.pool.install(|| Scheduler::new(shared, &jobs, kv, work).run());
    start.elapsed().as_secs_f64()
}
