//! From the states of a text's tokens to one vector, as sentence-transformers does it: what its files beside a model say.

use std::path::Path;

use serde_json::Value;

/// How a model of sentences is used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sentences {
    modes: Vec<Mode>,
    /// What stands before each text.
    prompt: String,
    /// Whether texts are written in lower case first, whatever the tokenizer does.
    lower_case: bool,
}

/// What is made of the states. Several are put one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    First,
    Greatest,
    Mean,
    /// The sum over the square root of the count. Of length 1, it is the mean.
    MeanBySquareRoot,
    /// Later tokens count more: the first once, the second twice, and so on.
    WeightedMean,
    Last,
}

/// The modes' names, with those of the flags that older files have, in the order in which flags are put together.
const MODES: [(&str, &str, Mode); 6] = [
    ("cls", "pooling_mode_cls_token", Mode::First),
    ("max", "pooling_mode_max_tokens", Mode::Greatest),
    ("mean", "pooling_mode_mean_tokens", Mode::Mean),
    ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Mode::MeanBySquareRoot),
    ("weightedmean", "pooling_mode_weightedmean_tokens", Mode::WeightedMean),
    ("lasttoken", "pooling_mode_lasttoken", Mode::Last),
];

impl Sentences {
    /// What the folder's files say; without any, the mean. The error is what is not known here.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let json = |name: &str| crate::format::read_json(&folder.join(name)).unwrap_or_default();
        let mut place = "1_Pooling".to_owned();
        for module in json("modules.json").as_array().into_iter().flatten() {
            let kind = module["type"].as_str().unwrap_or_default().rsplit('.').next();
            match kind.unwrap_or_default() {
                "Pooling" => place = module["path"].as_str().unwrap_or(&place).to_owned(),
                "Transformer" | "Normalize" | "Dropout" => {}
                other => {
                    return Err(format!(
                        "`modules.json` has a `{other}` layer after the encoder, which is not read here"
                    ));
                }
            }
        }
        let pooling = json(&format!("{place}/config.json"));
        let settings = json("config_sentence_transformers.json");
        let prompt = settings["default_prompt_name"]
            .as_str()
            .and_then(|name| settings["prompts"][name].as_str())
            .unwrap_or_default();
        if !prompt.is_empty() && pooling["include_prompt"] == false {
            return Err("its default prompt is left out of the mean, which is not done here".into());
        }
        Ok(Self {
            modes: modes(&pooling)?,
            prompt: prompt.to_owned(),
            lower_case: json("sentence_bert_config.json")["do_lower_case"] == true,
        })
    }

    /// What decides a vector beside the files that every encoder has; empty where nothing does.
    pub(super) fn identity(&self) -> String {
        let plain = self.prompt.is_empty() && !self.lower_case;
        if plain { String::new() } else { format!("{}\u{1f}{}", self.lower_case, self.prompt) }
    }

    /// A text as the model reads it.
    pub(super) fn text(&self, text: &str) -> String {
        let text = format!("{}{text}", self.prompt);
        if self.lower_case { text.to_lowercase() } else { text }
    }

    /// One vector of all states.
    pub(super) fn pool(&self, states: &[f32], width: usize) -> Vec<f32> {
        self.modes.iter().flat_map(|mode| mode.pool(states, width)).collect()
    }
}

fn modes(pooling: &Value) -> Result<Vec<Mode>, String> {
    let named = match &pooling["pooling_mode"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mode = |name: &&str| {
        let found = MODES.iter().find(|(known, ..)| known == name).map(|(.., mode)| *mode);
        found.ok_or_else(|| format!("its pooling `{name}` is not known here"))
    };
    let mut modes: Vec<Mode> = named.iter().map(mode).collect::<Result<_, _>>()?;
    if modes.is_empty() {
        modes.extend(
            MODES.iter().filter(|(_, flag, _)| pooling[*flag] == true).map(|(.., mode)| *mode),
        );
    }
    if modes.is_empty() {
        modes.push(Mode::Mean);
    }
    Ok(modes)
}

impl Mode {
    fn pool(self, states: &[f32], width: usize) -> Vec<f32> {
        let tokens = states.len() / width;
        let weighted = |weight: &dyn Fn(usize) -> f32, total: f32| {
            let mut sum = vec![0.0_f32; width];
            for (at, state) in states.chunks_exact(width).enumerate() {
                let weight = weight(at);
                sum.iter_mut().zip(state).for_each(|(sum, value)| *sum += weight * value);
            }
            for value in &mut sum {
                *value /= total;
            }
            sum
        };
        let count = tokens as f32;
        match self {
            Self::First => states[..width].to_vec(),
            Self::Last => states[(tokens - 1) * width..].to_vec(),
            Self::Mean => weighted(&|_| 1.0, count),
            Self::MeanBySquareRoot => weighted(&|_| 1.0, count.sqrt()),
            Self::WeightedMean => weighted(&|at| at as f32 + 1.0, count * (count + 1.0) / 2.0),
            Self::Greatest => {
                let mut most = vec![f32::NEG_INFINITY; width];
                for state in states.chunks_exact(width) {
                    most.iter_mut().zip(state).for_each(|(most, value)| *most = most.max(*value));
                }
                most
            }
        }
    }
}
