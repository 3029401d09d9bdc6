//! Measures parts of the engine on a model: `cargo run --release --example engine_bench -- MODEL [THREADS [SEQUENCES,...]]`.
//!
//! Sequences of 0 mean reading a prompt only; without them everything is measured, as by `holometer bench engine`.

use std::path::Path;

use holometer_engine::{BenchOptions, LoadOptions, LocalModel, bench};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: engine_bench MODEL [THREADS [SEQUENCES,...]]")?;
    let threads = arguments.next().map(|text| text.parse()).transpose()?;
    let options = LoadOptions { threads, ..LoadOptions::default() };
    let model = LocalModel::load(Path::new(&path), &options)?;
    let mut what = BenchOptions::default();
    if let Some(sequences) = arguments.next() {
        let counts = sequences.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        what.decode_sequences = counts.into_iter().filter(|count| *count > 0).collect();
        what.job_questions = 0;
    }
    println!("{:#?}", bench(&model, &what));
    Ok(())
}
