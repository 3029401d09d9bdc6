//! Every architecture against logits that transformers computed.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;

use super::{Decoder, Keep, KvCache, Run, Workspace};
use crate::config::ModelConfig;
use crate::format::{FolderFiles, Source};
use crate::kernels::attention::PAGE;
use crate::kernels::gemm::Products;
use holometer_testkit::tiny::fill;

/// Largest difference of a logit.
const TOLERANCE: f32 = 1e-4;

type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

fn tensors(fixture: &Value) -> Tensors {
    let shapes = fixture["tensors"].as_object().unwrap().iter();
    let tensor = |(name, shape): (&String, &Value)| {
        let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
        let values = fill(name, &shape);
        (name.clone(), shape, values)
    };
    shapes.map(tensor).collect()
}

fn write_checkpoint(folder: &Path, config: &Value, tensors: &Tensors, stored: &str) {
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let bytes = |values: &[f32]| -> (Dtype, Vec<u8>) {
        let each = values.iter();
        match stored {
            "BF16" => (Dtype::BF16, each.flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect()),
            "F16" => (Dtype::F16, each.flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()),
            _ => (Dtype::F32, each.flat_map(|v| v.to_le_bytes()).collect()),
        }
    };
    let all: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.clone(), bytes(values)))
        .collect();
    let views = all.iter().map(|(name, shape, (dtype, bytes))| {
        (*name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

fn load(config: &Value, tensors: &Tensors, stored: &str) -> Decoder {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), config, tensors, stored);
    let files = FolderFiles::open(folder.path()).unwrap();
    let config = ModelConfig::from_json(folder.path(), &files.config).unwrap();
    let checkpoint = Arc::new(files.checkpoint().unwrap());
    Decoder::load(config, checkpoint, false, Keep::AsStored, Products::Exact).unwrap()
}

/// The logits after every token, computed in steps of `chunk` tokens.
fn logits(decoder: &Decoder, tokens: &[u32], chunk: usize) -> Vec<f32> {
    let states = states(decoder, tokens, chunk);
    decoder.logits(&states, &mut Workspace::default()).to_vec()
}

/// The final states of all tokens, computed in steps of `chunk` tokens.
fn states(decoder: &Decoder, tokens: &[u32], chunk: usize) -> Vec<f32> {
    let config = &decoder.config;
    let count = tokens.len().div_ceil(PAGE);
    let mut kv = KvCache::new(config.layers.len(), config.kv_heads, config.head_dim, count);
    let pages: Vec<_> = (0..count).map(|_| kv.take()).collect();
    let mut work = Workspace::default();
    let mut all = Vec::new();
    for (index, part) in tokens.chunks(chunk).enumerate() {
        let wanted: Vec<usize> = (0..part.len()).collect();
        let run = Run { tokens: part, position: index * chunk, pages: &pages, wanted: &wanted };
        all.extend_from_slice(decoder.forward(&[run], &mut kv, &mut work, &|| false).unwrap());
    }
    all
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap() as u32).collect()
}

fn fixtures(folder: &str, least: usize) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(paths.len() >= least, "the fixtures are there");
    paths
}

/// The largest difference of a logit, and whether greedy generation goes the same way.
fn check(_: &Path, fixture: &Value) -> Result<(), String> {
    let stored = fixture["stored"].as_str().unwrap_or("F32");
    let decoder = load(&fixture["config"], &tensors(fixture), stored);
    compare(&decoder, fixture)?;
    compare_states(&decoder, fixture)
}

/// The final states, from which embeddings are made.
fn compare_states(decoder: &Decoder, fixture: &Value) -> Result<(), String> {
    let tokens = numbers(&fixture["tokens"]);
    let own = states(decoder, &tokens, tokens.len());
    let width = own.len() / tokens.len();
    let mean = |place: usize| {
        own.iter().skip(place).step_by(width).map(|value| f64::from(*value)).sum::<f64>()
            / tokens.len() as f64
    };
    let last = &own[own.len() - width..];
    for (name, values) in [
        ("mean", (0..width).map(mean).collect::<Vec<f64>>()),
        ("last", last.iter().map(|value| f64::from(*value)).collect()),
    ] {
        let expected: Vec<f64> = serde_json::from_value(fixture[name].clone()).unwrap();
        if expected.len() != width {
            return Err(format!("states of {width} instead of {} numbers", expected.len()));
        }
        let differences = values.iter().zip(&expected).map(|(own, golden)| (own - golden).abs());
        let largest = differences.fold(0.0, f64::max);
        if largest.is_nan() || largest > f64::from(TOLERANCE) {
            return Err(format!("the {name} state differs by {largest}"));
        }
    }
    Ok(())
}

/// A GGUF file that llama.cpp's converter wrote.
fn check_gguf(path: &Path, fixture: &Value) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.gguf");
    unpack(&path.with_extension("gguf.gz"), &file);
    compare_gguf(&file, fixture)
}

fn unpack(packed: &Path, to: &Path) {
    let packed = std::fs::File::open(packed).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    std::fs::write(to, bytes).unwrap();
}

fn compare_gguf(file: &Path, fixture: &Value) -> Result<(), String> {
    let Source::Gguf(file) = Source::open(file).map_err(|error| error.to_string())? else {
        return Err("it is taken for a folder of safetensors".into());
    };
    let config = ModelConfig::from_gguf(&file).map_err(|error| error.to_string())?;
    let checkpoint = Arc::new(file.checkpoint);
    let decoder = Decoder::load(config, checkpoint, true, Keep::AsStored, Products::Exact);
    compare(&decoder.map_err(|error| error.to_string())?, fixture)
}

fn compare(decoder: &Decoder, fixture: &Value) -> Result<(), String> {
    let tokens = numbers(&fixture["tokens"]);
    let own = logits(decoder, &tokens, tokens.len());
    let expected: Vec<f32> = fixture["logits"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32))
        .collect();
    if own.len() != expected.len() {
        return Err(format!("{} logits instead of {}", own.len(), expected.len()));
    }
    let difference = own.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    if difference.is_nan() || difference > TOLERANCE {
        return Err(format!("logits differ by {difference}"));
    }
    let one_by_one = logits(decoder, &tokens, 1);
    if own.iter().zip(&one_by_one).any(|(a, b)| a.to_bits() != b.to_bits()) {
        return Err("token by token gives other bits".into());
    }
    let mut tokens = tokens;
    let vocabulary = decoder.config.vocabulary;
    for next in numbers(&fixture["greedy"]) {
        let all = logits(decoder, &tokens, tokens.len());
        let last = &all[all.len() - vocabulary..];
        let best = (0..vocabulary).max_by(|a, b| last[*a].total_cmp(&last[*b])).unwrap();
        if best as u32 != next {
            return Err(format!("greedy token {best} instead of {next}"));
        }
        tokens.push(next);
    }
    Ok(())
}

#[test]
fn every_architecture_gives_the_logits_and_states_of_transformers() {
    check_all("tiny", 55, check);
}

#[test]
fn gguf_files_of_every_architecture_give_the_logits_of_transformers() {
    check_all("gguf", 34, check_gguf);
}

/// A GGUF model that gguf-py's writer split into parts: whichever is named, or their folder.
#[test]
fn a_gguf_model_in_parts_is_the_whole_one() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gguf");
    let fixture: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join("llama.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let part = |number: usize| folder.path().join(format!("llama-{number:05}-of-00005.gguf"));
    for number in 1..=5 {
        let packed = fixtures.join(format!("parts/llama-{number:05}-of-00005.gguf.gz"));
        unpack(&packed, &part(number));
    }
    for path in [part(1), part(4), folder.path().to_owned()] {
        compare_gguf(&path, &fixture).unwrap();
    }
    let refused = |path: &Path| Source::open(path).unwrap_err().to_string();
    let alone = folder.path().join("renamed.gguf");
    std::fs::copy(part(1), &alone).unwrap();
    assert!(refused(&alone).contains("it is one of 5 parts of a model, but not named as one"));
    assert!(refused(folder.path()).contains("the folder has 6 GGUF files"));
    std::fs::copy(part(2), part(3)).unwrap();
    let error = refused(&part(1));
    assert!(error.contains("00003-of-00005") && error.contains("part 3 of 5"), "{error}");
    std::fs::remove_file(part(3)).unwrap();
    let error = refused(&part(5));
    assert!(error.contains("part 3 of 5 of the model is missing"), "{error}");
    assert!(error.contains("hint: download all parts"), "{error}");
}

fn check_all(
    folder: &str,
    least: usize,
    check: impl Fn(&Path, &Value) -> Result<(), String> + std::panic::RefUnwindSafe,
) {
    let mut wrong = Vec::new();
    for path in fixtures(folder, least) {
        let fixture = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let result = std::panic::catch_unwind(|| check(&path, &fixture));
        match result {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => wrong.push(format!("{name}: {reason}")),
            Err(_) => wrong.push(format!("{name}: panicked")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first santacoder calls itself `gpt2`, keeps queries apart from the one key and value, and stores all matrices
/// input-first. The converted one, which transformers knows, has the same numbers in other places.
#[test]
fn the_first_santacoder_is_the_converted_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/santacoder.json");
    let fixture: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let hidden = fixture["config"]["n_embd"].as_u64().unwrap() as usize;
    let mut moved = Tensors::new();
    for (name, shape, values) in tensors(&fixture) {
        let parts = if name.contains("c_attn") {
            let cut = hidden * values.len() / shape[0];
            vec![
                (name.replace("c_attn", "q_attn"), values[..cut].to_vec()),
                (name.replace("c_attn", "kv_attn"), values[cut..].to_vec()),
            ]
        } else {
            vec![(name, values)]
        };
        for (name, values) in parts {
            let inner = shape.last().copied().unwrap();
            if shape.len() == 2 && name.contains(".h.") {
                let outer = values.len() / inner;
                let turned =
                    (0..values.len()).map(|at| values[at % outer * inner + at / outer]).collect();
                moved.push((name, vec![inner, outer], turned));
            } else {
                let length = values.len();
                let shape = if shape.len() == 2 { shape.clone() } else { vec![length] };
                moved.push((name, shape, values));
            }
        }
    }
    let mut config = fixture["config"].clone();
    config["model_type"] = "gpt2".into();
    config["attention_head_type"] = "multiquery".into();
    compare(&load(&config, &moved, "F32"), &fixture).unwrap();
}
