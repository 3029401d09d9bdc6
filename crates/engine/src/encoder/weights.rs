//! An encoder's tensors, packed.

use super::config::{EncoderConfig, EncoderFamily};
use crate::error::EngineError;
use crate::format::{Checkpoint, TensorView};
use crate::kernels::panels::{Panels, RowSource};

/// A matrix with its bias; the bias is empty without one.
pub(super) struct Linear {
    pub(super) panels: Panels,
    pub(super) bias: Vec<f32>,
}

pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// One layer: attention, then two matrices with an activation between.
pub(super) struct Layer {
    /// Queries, then keys, then values.
    pub(super) qkv: [Linear; 3],
    pub(super) out: Linear,
    pub(super) attention_norm: Norm,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) output_norm: Norm,
    /// What relative positions are as keys and as queries: `2 span` rows of `hidden`; empty without.
    pub(super) position_keys: Vec<f32>,
    pub(super) position_queries: Vec<f32>,
}

/// DeBERTa-v2's convolution: one matrix for each place under the window.
pub(super) struct Convolution {
    pub(super) taps: Vec<Linear>,
    pub(super) bias: Vec<f32>,
    pub(super) norm: Norm,
}

/// What makes classes of the first token's state.
pub(super) struct Head {
    /// A matrix before the last one, with its activation.
    pub(super) first: Option<Linear>,
    pub(super) last: Linear,
}

pub(super) struct Weights {
    pub(super) positions: Option<Vec<f32>>,
    pub(super) types: Option<Vec<f32>>,
    pub(super) embedding_norm: Norm,
    pub(super) projection: Option<Linear>,
    pub(super) layers: Vec<Layer>,
    pub(super) convolution: Option<Convolution>,
    pub(super) head: Option<Head>,
}

/// Finds tensors under the names of a family.
pub(super) struct Loader<'a> {
    pub(super) config: &'a EncoderConfig,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) prefix: &'static str,
}

/// What comes before the names of an encoder's tensors when there is a head beside it.
fn prefix(family: EncoderFamily) -> &'static str {
    match family {
        EncoderFamily::Bert => "bert.",
        EncoderFamily::Roberta => "roberta.",
        EncoderFamily::DistilBert => "distilbert.",
        EncoderFamily::Albert => "albert.",
        EncoderFamily::Deberta | EncoderFamily::DebertaV2 => "deberta.",
    }
}

/// Whether the rows of a matrix are in order, or a head's queries, keys and values follow one another.
struct Part<'a> {
    view: TensorView<'a>,
    rows: Vec<usize>,
    bias: Vec<f32>,
}

fn pack(part: &Part<'_>) -> Linear {
    let view = part.view;
    let rows: Vec<RowSource<'_>> =
        part.rows.iter().map(|row| RowSource { view, row: *row }).collect();
    Linear { panels: Panels::pack(&rows), bias: part.bias.clone() }
}

impl<'a> Loader<'a> {
    pub(super) fn new(config: &'a EncoderConfig, checkpoint: &'a Checkpoint) -> Self {
        let prefix = prefix(config.family);
        let own = checkpoint.find(&format!("{prefix}{TOKENS}")).is_some();
        Self { config, checkpoint, prefix: if own { prefix } else { "" } }
    }

    /// The name of the table of tokens.
    pub(super) fn tokens(&self) -> Result<String, EngineError> {
        let name = format!("{}{TOKENS}", self.prefix);
        self.table(TOKENS, self.config.vocabulary)?;
        Ok(name)
    }

    pub(super) fn load(&self) -> Result<Weights, EngineError> {
        let config = self.config;
        let positions = if config.absolute {
            let rows = config.window + config.first_position;
            Some(self.table("embeddings.position_embeddings.weight", rows)?)
        } else {
            None
        };
        let types = match config.types {
            0 => None,
            types => Some(self.table("embeddings.token_type_embeddings.weight", types)?),
        };
        let projection = match config.family {
            EncoderFamily::Albert => Some(self.linear("encoder.embedding_hidden_mapping_in")?),
            _ if config.embedding != config.hidden => Some(self.linear("embeddings.embed_proj")?),
            _ => None,
        };
        let relative = match config.relative {
            Some(_) => Some(self.relative_table()?),
            None => None,
        };
        let count = match config.family {
            EncoderFamily::Albert => config.groups * config.group_layers,
            _ => config.layers,
        };
        let layers = (0..count).map(|layer| self.layer(layer, relative.as_deref()));
        Ok(Weights {
            positions,
            types,
            embedding_norm: self.norm("embeddings.LayerNorm", self.norm_width())?,
            projection,
            layers: layers.collect::<Result<_, _>>()?,
            convolution: match config.convolution {
                Some((size, groups, _)) => Some(self.convolution(size, groups)?),
                None => None,
            },
            head: self.head()?,
        })
    }

    /// ALBERT norms before it widens, DeBERTa afterwards.
    fn norm_width(&self) -> usize {
        match self.config.family {
            EncoderFamily::Albert => self.config.embedding,
            _ => self.config.hidden,
        }
    }

    fn view(&self, name: &str) -> Result<TensorView<'a>, EngineError> {
        self.checkpoint
            .find(&format!("{}{name}", self.prefix))
            .ok_or_else(|| EngineError::tensor(name, "is missing"))
    }

    fn table(&self, name: &str, rows: usize) -> Result<Vec<f32>, EngineError> {
        let view = self.view(name)?;
        if view.shape != [rows, self.config.embedding] {
            return Err(wrong(name, &view));
        }
        // The table of tokens is read row by row; only its shape is checked here.
        if name == TOKENS { Ok(Vec::new()) } else { Ok(view.to_f32()) }
    }

    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, EngineError> {
        let view = self.view(name)?;
        let values = if view.shape.len() == 1 { view.to_f32() } else { Vec::new() };
        if values.len() == length { Ok(values) } else { Err(wrong(name, &view)) }
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm, EngineError> {
        // Checkpoints that began in TensorFlow say gamma and beta.
        let named = |new: &str, old: &str| {
            self.vector(&format!("{name}.{new}"), width)
                .or_else(|error| self.vector(&format!("{name}.{old}"), width).map_err(|_| error))
        };
        Ok(Norm { weight: named("weight", "gamma")?, bias: named("bias", "beta")? })
    }

    fn part(&self, name: &str) -> Result<Part<'a>, EngineError> {
        let view = self.view(&format!("{name}.weight"))?;
        if view.shape.len() != 2 {
            return Err(wrong(name, &view));
        }
        let rows = view.rows();
        let bias = match self.view(&format!("{name}.bias")) {
            Ok(_) => self.vector(&format!("{name}.bias"), rows)?,
            Err(_) => Vec::new(),
        };
        Ok(Part { view, rows: (0..rows).collect(), bias })
    }

    fn linear(&self, name: &str) -> Result<Linear, EngineError> {
        Ok(pack(&self.part(name)?))
    }

    /// A matrix of this shape.
    fn shaped(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, EngineError> {
        let part = self.part(name)?;
        if part.view.shape != [outputs, inputs] {
            return Err(wrong(name, &part.view));
        }
        Ok(pack(&part))
    }

    fn layer(&self, layer: usize, relative: Option<&[f32]>) -> Result<Layer, EngineError> {
        let (config, names) = (self.config, names(self.config, layer));
        let (hidden, width) = (config.hidden, config.width);
        let square = |name: &str| self.shaped(name, hidden, hidden);
        let qkv = if config.family == EncoderFamily::Deberta {
            self.joined(&names.base)?
        } else {
            [square(&names.query)?, square(&names.key)?, square(&names.value)?]
        };
        let (position_keys, position_queries) = match relative {
            Some(table) => self.positions(&names, &qkv, table)?,
            None => Default::default(),
        };
        Ok(Layer {
            qkv,
            out: square(&names.out)?,
            attention_norm: self.norm(&names.attention_norm, hidden)?,
            up: self.shaped(&names.up, width, hidden)?,
            down: self.shaped(&names.down, hidden, width)?,
            output_norm: self.norm(&names.output_norm, hidden)?,
            position_keys,
            position_queries,
        })
    }

    /// DeBERTa's one matrix: of each head its queries, keys and values.
    fn joined(&self, base: &str) -> Result<[Linear; 3], EngineError> {
        let config = self.config;
        let name = format!("{base}.attention.self.in_proj");
        let (view, size) = (self.part(&name)?.view, config.hidden / config.heads);
        if view.shape != [3 * config.hidden, config.hidden] {
            return Err(wrong(&name, &view));
        }
        let rows = |third: usize| -> Vec<usize> {
            (0..config.heads)
                .flat_map(|head| (0..size).map(move |at| (3 * head + third) * size + at))
                .collect()
        };
        let bias =
            |name: &str| self.vector(&format!("{base}.attention.self.{name}"), config.hidden);
        let part = |third, bias| pack(&Part { view, rows: rows(third), bias });
        Ok([part(0, bias("q_bias")?), part(1, Vec::new()), part(2, bias("v_bias")?)])
    }

    /// The table of relative positions, normed where the model norms it.
    fn relative_table(&self) -> Result<Vec<f32>, EngineError> {
        let config = self.config;
        let Some(relative) = config.relative else { return Ok(Vec::new()) };
        let name = "encoder.rel_embeddings.weight";
        let view = self.view(name)?;
        if view.shape != [2 * relative.span, config.hidden] {
            return Err(wrong(name, &view));
        }
        let mut table = view.to_f32();
        if relative.normed {
            let norm = self.norm("encoder.LayerNorm", config.hidden)?;
            super::forward::norm_rows(&norm, config.epsilon, &mut table);
        }
        Ok(table)
    }

    fn positions(
        &self,
        names: &Names,
        qkv: &[Linear; 3],
        table: &[f32],
    ) -> Result<(Vec<f32>, Vec<f32>), EngineError> {
        let Some(relative) = self.config.relative else { return Ok(Default::default()) };
        let v2 = self.config.family == EncoderFamily::DebertaV2;
        let (key, query) =
            if v2 { ("pos_key_proj", "pos_query_proj") } else { ("pos_proj", "pos_q_proj") };
        let through =
            |wanted: bool, shared: &Linear, name: &str| -> Result<Vec<f32>, EngineError> {
                if !wanted {
                    return Ok(Vec::new());
                }
                if relative.shared {
                    return Ok(super::forward::product(shared, table));
                }
                let name = format!("{}.attention.self.{name}", names.base);
                let own = self.shaped(&name, self.config.hidden, self.config.hidden)?;
                Ok(super::forward::product(&own, table))
            };
        Ok((
            through(relative.content_to_position, &qkv[1], key)?,
            through(relative.position_to_content, &qkv[0], query)?,
        ))
    }

    fn convolution(&self, size: usize, groups: usize) -> Result<Convolution, EngineError> {
        let hidden = self.config.hidden;
        let name = "encoder.conv.conv.weight";
        let view = self.view(name)?;
        if !hidden.is_multiple_of(groups) || view.shape != [hidden, hidden / groups, size] {
            return Err(wrong(name, &view));
        }
        let (values, within) = (view.to_f32(), hidden / groups);
        let taps = (0..size).map(|tap| {
            let mut matrix = vec![0.0_f32; hidden * hidden];
            for (output, row) in matrix.chunks_exact_mut(hidden).enumerate() {
                let first = output / within * within;
                for input in 0..within {
                    row[first + input] = values[(output * within + input) * size + tap];
                }
            }
            dense(&matrix, [hidden, hidden])
        });
        Ok(Convolution {
            taps: taps.collect(),
            bias: self.vector("encoder.conv.conv.bias", hidden)?,
            norm: self.norm("encoder.conv.LayerNorm", hidden)?,
        })
    }

    fn head(&self) -> Result<Option<Head>, EngineError> {
        use EncoderFamily as F;
        let plain = Loader { config: self.config, checkpoint: self.checkpoint, prefix: "" };
        let has = |name: &str| self.checkpoint.find(name).is_some();
        if has("classifier.out_proj.weight") {
            let first = Some(plain.linear("classifier.dense")?);
            return Ok(Some(Head { first, last: plain.linear("classifier.out_proj")? }));
        }
        if !has("classifier.weight") {
            return Ok(None);
        }
        let first = match self.config.family {
            F::Bert => self.linear("pooler.dense")?,
            F::Albert => self.linear("pooler")?,
            F::DistilBert => plain.linear("pre_classifier")?,
            F::Deberta | F::DebertaV2 => plain.linear("pooler.dense")?,
            F::Roberta => return Ok(None),
        };
        Ok(Some(Head { first: Some(first), last: plain.linear("classifier")? }))
    }
}

fn dense(matrix: &[f32], shape: [usize; 2]) -> Linear {
    let bytes = bytemuck::cast_slice(matrix);
    let view = TensorView { dtype: crate::format::DType::F32, shape: &shape, bytes };
    let rows: Vec<RowSource<'_>> = (0..shape[0]).map(|row| RowSource { view, row }).collect();
    Linear { panels: Panels::pack(&rows), bias: Vec::new() }
}

const TOKENS: &str = "embeddings.word_embeddings.weight";

/// The names of a layer's tensors, without `.weight`.
struct Names {
    base: String,
    query: String,
    key: String,
    value: String,
    out: String,
    attention_norm: String,
    up: String,
    down: String,
    output_norm: String,
}

fn names(config: &EncoderConfig, layer: usize) -> Names {
    let (base, parts) = match config.family {
        EncoderFamily::DistilBert => (
            format!("transformer.layer.{layer}"),
            [
                "attention.q_lin",
                "attention.k_lin",
                "attention.v_lin",
                "attention.out_lin",
                "sa_layer_norm",
                "ffn.lin1",
                "ffn.lin2",
                "output_layer_norm",
            ],
        ),
        EncoderFamily::Albert => (
            format!(
                "encoder.albert_layer_groups.{}.albert_layers.{}",
                layer / config.group_layers,
                layer % config.group_layers
            ),
            [
                "attention.query",
                "attention.key",
                "attention.value",
                "attention.dense",
                "attention.LayerNorm",
                "ffn",
                "ffn_output",
                "full_layer_layer_norm",
            ],
        ),
        family => (
            format!("encoder.layer.{layer}"),
            [
                if family == EncoderFamily::DebertaV2 {
                    "attention.self.query_proj"
                } else {
                    "attention.self.query"
                },
                if family == EncoderFamily::DebertaV2 {
                    "attention.self.key_proj"
                } else {
                    "attention.self.key"
                },
                if family == EncoderFamily::DebertaV2 {
                    "attention.self.value_proj"
                } else {
                    "attention.self.value"
                },
                "attention.output.dense",
                "attention.output.LayerNorm",
                "intermediate.dense",
                "output.dense",
                "output.LayerNorm",
            ],
        ),
    };
    let [query, key, value, out, attention_norm, up, down, output_norm] =
        parts.map(|part| format!("{base}.{part}"));
    Names { base, query, key, value, out, attention_norm, up, down, output_norm }
}

fn wrong(name: &str, view: &TensorView<'_>) -> EngineError {
    EngineError::tensor(name, format!("has the unexpected shape {:?}", view.shape))
}
