//! What an encoder's `config.json` says, resolved.

use std::path::Path;

use serde_json::Value;

use crate::error::EngineError;

/// How a family names its tensors and what it does differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EncoderFamily {
    /// BERT, and what is built like it (MiniLM).
    Bert,
    /// RoBERTa and XLM-RoBERTa: positions begin after the padding token's.
    Roberta,
    DistilBert,
    /// Layers share their weights.
    Albert,
    /// Queries, keys and values in one matrix; relative positions.
    Deberta,
    /// DeBERTa-v2 and v3.
    DebertaV2,
}

/// A function between two matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Gelu,
    GeluTanh,
    Relu,
    Silu,
    Tanh,
}

/// Relative positions as DeBERTa has them (He et al. 2021, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the family's own switches, each independent of the others"
)]
pub(crate) struct Relative {
    /// Distances beyond it count as it.
    pub(crate) most: usize,
    /// How many distances on one side have vectors of their own; without logarithmic buckets, `most`.
    pub(crate) span: usize,
    pub(crate) logarithmic: bool,
    pub(crate) content_to_position: bool,
    pub(crate) position_to_content: bool,
    /// Positions go through the matrices for queries and keys.
    pub(crate) shared: bool,
    pub(crate) normed: bool,
}

/// An encoder's shape.
#[derive(Clone, Debug)]
pub(crate) struct EncoderConfig {
    pub(crate) family: EncoderFamily,
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    /// The width of the token table.
    pub(crate) embedding: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) layers: usize,
    /// ALBERT: how many different groups of layers there are, and how many layers a group has.
    pub(crate) groups: usize,
    pub(crate) group_layers: usize,
    pub(crate) activation: Activation,
    pub(crate) pooler_activation: Activation,
    pub(crate) epsilon: f32,
    /// Rows of the table of absolute positions that come before a text's first.
    pub(crate) first_position: usize,
    pub(crate) absolute: bool,
    /// Tokens of the longest text, special ones included.
    pub(crate) window: usize,
    pub(crate) types: usize,
    pub(crate) relative: Option<Relative>,
    /// The width of DeBERTa-v2's convolution beside the first layer, its groups and its activation.
    pub(crate) convolution: Option<(usize, usize, Activation)>,
    /// Classes in order; empty without `id2label`.
    pub(crate) labels: Vec<String>,
    /// Each class has a probability of its own.
    pub(crate) multi_label: bool,
}

/// Reads fields, with the file's name in errors.
struct Fields<'a> {
    path: &'a Path,
    json: &'a Value,
}

impl Fields<'_> {
    fn error(&self, reason: String, hint: &str) -> EngineError {
        EngineError::Config { path: self.path.to_owned(), reason, hint: hint.to_owned() }
    }

    fn number(&self, names: &[&str]) -> Result<usize, EngineError> {
        self.optional(names)?.ok_or_else(|| {
            self.error(format!("`{}` is missing", names[0]), "download the model's `config.json`")
        })
    }

    fn optional(&self, names: &[&str]) -> Result<Option<usize>, EngineError> {
        let found = names.iter().find_map(|name| Some((name, self.json.get(*name)?)));
        let Some((name, value)) = found.filter(|(_, value)| !value.is_null()) else {
            return Ok(None);
        };
        if value.as_i64().is_some_and(|number| number < 0) {
            return Ok(None);
        }
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        let fits = number.filter(|number| *number < 1 << 24);
        fits.map(Some).ok_or_else(|| {
            self.error(format!("`{name}` is {value}"), "a whole number is expected there")
        })
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.json.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name)?.as_str()
    }

    fn activation(&self, name: &str, default: Activation) -> Result<Activation, EngineError> {
        match self.text(name) {
            None => Ok(default),
            Some("gelu") => Ok(Activation::Gelu),
            Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Ok(Activation::GeluTanh),
            Some("relu") => Ok(Activation::Relu),
            Some("silu" | "swish") => Ok(Activation::Silu),
            Some("tanh") => Ok(Activation::Tanh),
            Some(other) => Err(self.error(
                format!("`{name}` is `{other}`, which is not known"),
                "gelu, gelu_new, relu, silu and tanh are",
            )),
        }
    }
}

impl EncoderConfig {
    /// Resolves a configuration.
    ///
    /// # Errors
    /// The architecture is no known encoder, or a field is missing or contradicts another.
    pub(crate) fn read(path: &Path, json: &Value) -> Result<Self, EngineError> {
        let fields = Fields { path, json };
        let kind = fields.text("model_type").unwrap_or_default();
        let family = family(kind).ok_or_else(|| {
            fields.error(
                format!("`model_type` is `{kind}`, which is no encoder known here"),
                "BERT, RoBERTa, XLM-RoBERTa, DistilBERT, ALBERT, DeBERTa and DeBERTa-v2 (v3) are",
            )
        })?;
        let is_deberta = matches!(family, EncoderFamily::Deberta | EncoderFamily::DebertaV2);
        let hidden = fields.number(&["hidden_size", "dim"])?;
        let heads = fields.number(&["num_attention_heads", "n_heads"])?;
        if heads == 0 || hidden == 0 || !hidden.is_multiple_of(heads) {
            return Err(fields.error(
                format!("{hidden} states can't be shared out among {heads} heads"),
                "download the model's `config.json` again",
            ));
        }
        if fields.text("position_embedding_type").is_some_and(|kind| kind != "absolute")
            || fields.flag("talking_head", false)
            || json.get("head_dim").is_some()
        {
            return Err(fields.error(
                "it has relative key positions, talking heads or heads of another width".into(),
                "choose a model with the family's usual attention",
            ));
        }
        let positions = fields.number(&["max_position_embeddings"])?;
        let padding = fields.optional(&["pad_token_id"])?.unwrap_or(1);
        let first_position = if family == EncoderFamily::Roberta { padding + 1 } else { 0 };
        let relative = if is_deberta && fields.flag("relative_attention", false) {
            Some(relative(&fields, family, positions)?)
        } else {
            None
        };
        let convolution = match fields.optional(&["conv_kernel_size"])? {
            Some(size) if size > 0 && family == EncoderFamily::DebertaV2 => {
                let groups = fields.optional(&["conv_groups"])?.unwrap_or(1).max(1);
                Some((size, groups, fields.activation("conv_act", Activation::Tanh)?))
            }
            _ => None,
        };
        let default_epsilon = if is_deberta { 1e-7 } else { 1e-12 };
        let epsilon = json.get("layer_norm_eps").and_then(Value::as_f64);
        let name = if family == EncoderFamily::DistilBert { "activation" } else { "hidden_act" };
        let default =
            if family == EncoderFamily::Albert { Activation::GeluTanh } else { Activation::Gelu };
        let pooler = if is_deberta { Activation::Gelu } else { Activation::Tanh };
        let types = match family {
            EncoderFamily::DistilBert => 0,
            _ => fields.optional(&["type_vocab_size"])?.unwrap_or(if is_deberta { 0 } else { 2 }),
        };
        Ok(Self {
            family,
            vocabulary: fields.number(&["vocab_size"])?,
            hidden,
            embedding: fields.optional(&["embedding_size"])?.unwrap_or(hidden),
            width: fields.number(&["intermediate_size", "hidden_dim"])?,
            heads,
            layers: fields.number(&["num_hidden_layers", "n_layers"])?,
            groups: fields.optional(&["num_hidden_groups"])?.unwrap_or(1).max(1),
            group_layers: fields.optional(&["inner_group_num"])?.unwrap_or(1).max(1),
            activation: fields.activation(name, default)?,
            pooler_activation: fields.activation("pooler_hidden_act", pooler)?,
            epsilon: epsilon.unwrap_or(default_epsilon) as f32,
            first_position,
            absolute: !is_deberta || fields.flag("position_biased_input", true),
            window: positions.saturating_sub(first_position).max(1),
            types,
            relative,
            convolution,
            labels: labels(json),
            multi_label: fields.text("problem_type") == Some("multi_label_classification"),
        })
    }
}

/// The family that a configuration's `model_type` names.
fn family(kind: &str) -> Option<EncoderFamily> {
    Some(match kind {
        "bert" => EncoderFamily::Bert,
        "roberta" | "xlm-roberta" | "camembert" => EncoderFamily::Roberta,
        "distilbert" => EncoderFamily::DistilBert,
        "albert" => EncoderFamily::Albert,
        "deberta" => EncoderFamily::Deberta,
        "deberta-v2" => EncoderFamily::DebertaV2,
        _ => return None,
    })
}

fn relative(
    fields: &Fields<'_>,
    family: EncoderFamily,
    positions: usize,
) -> Result<Relative, EngineError> {
    let most = fields.optional(&["max_relative_positions"])?.filter(|most| *most > 0);
    let most = most.unwrap_or(positions);
    let v2 = family == EncoderFamily::DebertaV2;
    let buckets = fields.optional(&["position_buckets"])?.filter(|count| v2 && *count > 0);
    let kinds: Vec<&str> = match fields.json.get("pos_att_type") {
        Some(Value::String(kinds)) => kinds.split('|').collect(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if let Some(other) = kinds.iter().find(|kind| !["c2p", "p2c"].contains(*kind)) {
        return Err(fields.error(
            format!("`pos_att_type` has `{other}`, which is not known"),
            "`c2p` and `p2c` are",
        ));
    }
    let normed = fields.text("norm_rel_ebd").is_some_and(|kind| kind.contains("layer_norm"));
    Ok(Relative {
        most,
        span: buckets.unwrap_or(most),
        logarithmic: buckets.is_some(),
        content_to_position: kinds.contains(&"c2p"),
        position_to_content: kinds.contains(&"p2c"),
        shared: v2 && fields.flag("share_att_key", false),
        normed: v2 && normed,
    })
}

/// The classes' names, by number.
fn labels(json: &Value) -> Vec<String> {
    let Some(named) = json.get("id2label").and_then(Value::as_object) else { return Vec::new() };
    let mut labels: Vec<(usize, String)> = named
        .iter()
        .filter_map(|(id, name)| Some((id.parse().ok()?, name.as_str()?.to_owned())))
        .collect();
    labels.sort();
    labels.into_iter().map(|(_, name)| name).collect()
}

impl Relative {
    /// The row of the table of relative positions for a query at `query` and a key at `key`.
    pub(crate) fn row(&self, query: usize, key: usize) -> usize {
        let distance = query as i64 - key as i64;
        let distance = if self.logarithmic { self.bucket(distance) } else { distance };
        let span = self.span as i64;
        usize::try_from((distance + span).clamp(0, 2 * span - 1)).unwrap_or_default()
    }

    /// Near distances stay; far ones share buckets of logarithmic width.
    fn bucket(&self, distance: i64) -> i64 {
        let middle = self.span as i64 / 2;
        if distance.abs() <= middle || middle == 0 {
            return distance;
        }
        let middle_f = middle as f32;
        let far =
            (distance.abs() as f32 / middle_f).ln() / ((self.most as f32 - 1.0) / middle_f).ln();
        let bucket = (far * (middle_f - 1.0)).ceil() as i64 + middle;
        bucket * distance.signum()
    }
}
