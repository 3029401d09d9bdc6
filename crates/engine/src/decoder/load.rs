//! From a checkpoint's tensors to packed weights.

use super::names::{self, Role};
use super::weights::{Dense, Layer, Linear, Mixture, Mlp, NormWeights, Weights};
use crate::config::{Experts, Family, ModelConfig, NormKind, QkNorm, QkvLayout};
use crate::error::EngineError;
use crate::format::{Checkpoint, DType, MappedFile, TensorView};
use crate::kernels::panels::{Panels, RowSource};

/// How weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    AsStored,
    AsF32,
}

/// Finds and packs tensors.
pub(crate) struct Loader<'a> {
    pub(crate) config: &'a ModelConfig,
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) gguf: bool,
    pub(crate) keep: Keep,
}

/// A tensor with the name it was found under.
struct Found<'a> {
    name: String,
    view: TensorView<'a>,
}

/// Some rows of a matrix, in order, and the bias that goes with them.
struct Slice<'a> {
    matrix: &'a Matrix<'a>,
    rows: Vec<usize>,
}

/// A matrix as stored, or turned so that each row is one output.
struct Matrix<'a> {
    name: String,
    stored: TensorView<'a>,
    turned: Option<(Vec<f32>, [usize; 2])>,
    bias: Option<Vec<f32>>,
}

impl Matrix<'_> {
    fn view(&self) -> TensorView<'_> {
        match &self.turned {
            None => self.stored,
            Some((values, shape)) => {
                TensorView { dtype: DType::F32, shape, bytes: bytemuck::cast_slice(values) }
            }
        }
    }
}

impl<'a> Loader<'a> {
    /// Loads everything.
    pub(crate) fn load(&self) -> Result<Weights, EngineError> {
        let config = self.config;
        let layers = (0..config.layers.len()).map(|layer| {
            let loaded = self.layer(layer);
            // What is packed is not needed twice in memory.
            self.checkpoint.files.iter().for_each(MappedFile::release);
            loaded
        });
        let output_norm = if config.output_norm {
            let norm = self.norm(Role::OutputNorm, 0, config.hidden)?;
            Some(norm.ok_or_else(|| self.missing(Role::OutputNorm, 0))?)
        } else {
            None
        };
        let (width, hidden) = (config.embedding_width, config.hidden);
        Ok(Weights {
            project_in: self.projection(Role::ProjectIn, hidden, width)?,
            embedding_norm: self.norm(Role::EmbeddingNorm, 0, hidden)?,
            layers: layers.collect::<Result<_, _>>()?,
            output_norm,
            project_out: self.projection(Role::ProjectOut, width, hidden)?,
            head: self.head()?,
        })
    }

    /// The name of an embedding table.
    pub(crate) fn table(&self, role: Role) -> Result<String, EngineError> {
        let found = self.find(role, 0, 0, "weight").ok_or_else(|| self.missing(role, 0))?;
        let width = match role {
            Role::Tokens => self.config.embedding_width,
            _ => self.config.hidden,
        };
        if found.view.columns() != width {
            return Err(EngineError::tensor(&found.name, shape_words(&found.view)));
        }
        Ok(found.name)
    }

    /// A matrix between the token table and the layers, where they differ in width.
    fn projection(
        &self,
        role: Role,
        rows: usize,
        columns: usize,
    ) -> Result<Option<Linear>, EngineError> {
        if rows == columns {
            return Ok(None);
        }
        let matrix = self.matrix(role, 0, 0)?;
        self.check(&matrix, rows, columns)?;
        Ok(Some(self.linear(&[whole(&matrix)])))
    }

    fn head(&self) -> Result<Linear, EngineError> {
        let role = if self.config.tied || self.find(Role::Head, 0, 0, "weight").is_none() {
            Role::Tokens
        } else {
            Role::Head
        };
        let mut matrix = self.stored_matrix(role, 0, 0)?;
        matrix.bias = self.find(Role::Head, 0, 0, "bias").map(|found| found.view.to_f32());
        self.check(&matrix, self.config.vocabulary, self.config.embedding_width)?;
        Ok(self.linear(&[whole(&matrix)]))
    }

    fn layer(&self, layer: usize) -> Result<Layer, EngineError> {
        let config = self.config;
        let hidden = config.hidden;
        let attention_out = self.matrix(Role::AttentionOut, layer, 0)?;
        self.check(&attention_out, hidden, config.query_width())?;
        Ok(Layer {
            attention_norm: self.norm(Role::AttentionNorm, layer, hidden)?,
            attention_post_norm: self.norm(Role::AttentionPostNorm, layer, hidden)?,
            mlp_norm: self.norm(Role::MlpNorm, layer, hidden)?,
            mlp_post_norm: self.norm(Role::MlpPostNorm, layer, hidden)?,
            query_norm: self.head_norm(Role::QueryNorm, layer, config.heads)?,
            key_norm: self.head_norm(Role::KeyNorm, layer, config.kv_heads)?,
            qkv: self.qkv(layer)?,
            attention_out: self.linear(&[whole(&attention_out)]),
            mlp: match config.experts.filter(|_| config.layers[layer].experts) {
                Some(experts) => Mlp::Mixture(self.mixture(layer, experts)?),
                None => Mlp::Dense(self.dense(layer)?),
            },
        })
    }

    fn qkv(&self, layer: usize) -> Result<Linear, EngineError> {
        let config = self.config;
        let (query, kv, hidden) = (config.query_width(), config.kv_width(), config.hidden);
        if self.find(Role::Qkv, layer, 0, "weight").is_some() {
            let fused = self.matrix(Role::Qkv, layer, 0)?;
            self.check(&fused, query + 2 * kv, hidden)?;
            let rows = match config.qkv {
                QkvLayout::Grouped => grouped_rows(config),
                QkvLayout::Separate | QkvLayout::Concatenated => (0..query + 2 * kv).collect(),
            };
            return Ok(self.linear(&[Slice { matrix: &fused, rows }]));
        }
        let queries = self.matrix(Role::Query, layer, 0)?;
        self.check(&queries, query, hidden)?;
        let keys = self.matrix(Role::Key, layer, 0)?;
        if self.config.family == Family::Gpt2 {
            self.check(&keys, 2 * kv, hidden)?;
            return Ok(self.linear(&[whole(&queries), whole(&keys)]));
        }
        let values = self.matrix(Role::Value, layer, 0)?;
        self.check(&keys, kv, hidden)?;
        self.check(&values, kv, hidden)?;
        let order = |matrix, heads| Slice { matrix, rows: rotation_rows(config, heads) };
        Ok(self.linear(&[
            order(&queries, config.heads),
            order(&keys, config.kv_heads),
            whole(&values),
        ]))
    }

    fn dense(&self, layer: usize) -> Result<Dense, EngineError> {
        let (hidden, width) = (self.config.hidden, self.config.mlp_width);
        let down = self.matrix(Role::Down, layer, 0)?;
        self.check(&down, hidden, width)?;
        let up = if self.config.gated && self.find(Role::GateUp, layer, 0, "weight").is_some() {
            let fused = self.matrix(Role::GateUp, layer, 0)?;
            self.check(&fused, 2 * width, hidden)?;
            self.linear(&[whole(&fused)])
        } else {
            self.gate_and_up([Role::Gate, Role::Up], layer, 0, width)?
        };
        Ok(Dense { up, down: self.linear(&[whole(&down)]) })
    }

    fn gate_and_up(
        &self,
        roles: [Role; 2],
        layer: usize,
        expert: usize,
        width: usize,
    ) -> Result<Linear, EngineError> {
        let up = self.expert_matrix(roles[1], layer, expert, width)?;
        self.check(&up, width, self.config.hidden)?;
        if !self.config.gated {
            return Ok(self.linear(&[whole(&up)]));
        }
        let gate = self.expert_matrix(roles[0], layer, expert, width)?;
        self.check(&gate, width, self.config.hidden)?;
        Ok(self.linear(&[whole(&gate), whole(&up)]))
    }

    fn mixture(&self, layer: usize, experts: Experts) -> Result<Mixture, EngineError> {
        let hidden = self.config.hidden;
        let router = self.matrix(Role::Router, layer, 0)?;
        self.check(&router, experts.count, hidden)?;
        let one = |expert| -> Result<Dense, EngineError> {
            let roles = [Role::ExpertGate, Role::ExpertUp];
            let up = self.gate_and_up(roles, layer, expert, experts.width)?;
            let down = self.expert_matrix(Role::ExpertDown, layer, expert, hidden)?;
            self.check(&down, hidden, experts.width)?;
            Ok(Dense { up, down: self.linear(&[whole(&down)]) })
        };
        let shared = if experts.shared_width > 0 {
            let roles = [Role::SharedGate, Role::SharedUp];
            let up = self.gate_and_up(roles, layer, 0, experts.shared_width)?;
            let down = self.matrix(Role::SharedDown, layer, 0)?;
            self.check(&down, hidden, experts.shared_width)?;
            let gate = self.matrix(Role::SharedRouter, layer, 0)?;
            let dense = Dense { up, down: self.linear(&[whole(&down)]) };
            Some((dense, self.linear(&[Slice { matrix: &gate, rows: vec![0] }])))
        } else {
            None
        };
        Ok(Mixture {
            router: self.linear(&[whole(&router)]),
            experts: (0..experts.count).map(one).collect::<Result<_, _>>()?,
            shared,
        })
    }

    /// A matrix of one expert. GGUF files stack the experts in one tensor of three dimensions.
    fn expert_matrix(
        &self,
        role: Role,
        layer: usize,
        expert: usize,
        rows: usize,
    ) -> Result<Matrix<'a>, EngineError> {
        let found =
            self.find(role, layer, expert, "weight").ok_or_else(|| self.missing(role, layer))?;
        if found.view.shape.len() != 3 {
            return self.matrix(role, layer, expert);
        }
        let bytes = rows * found.view.dtype.bytes_for(found.view.columns());
        let shape = &found.view.shape[1..];
        let range = expert * bytes..(expert + 1) * bytes;
        let part = found.view.bytes.get(range).filter(|_| shape[0] == rows);
        let bytes =
            part.ok_or_else(|| EngineError::tensor(&found.name, shape_words(&found.view)))?;
        let stored = TensorView { dtype: found.view.dtype, shape, bytes };
        Ok(Matrix { name: found.name, stored, turned: None, bias: None })
    }

    fn matrix(&self, role: Role, layer: usize, expert: usize) -> Result<Matrix<'a>, EngineError> {
        let mut matrix = self.stored_matrix(role, layer, expert)?;
        if self.config.transposed {
            let (rows, columns) = (matrix.stored.rows(), matrix.stored.columns());
            let values = matrix.stored.to_f32();
            let mut turned = vec![0.0; values.len()];
            for (input, row) in values.chunks_exact(columns).enumerate() {
                for (output, value) in row.iter().enumerate() {
                    turned[output * rows + input] = *value;
                }
            }
            matrix.turned = Some((turned, [columns, rows]));
        }
        Ok(matrix)
    }

    fn stored_matrix(
        &self,
        role: Role,
        layer: usize,
        expert: usize,
    ) -> Result<Matrix<'a>, EngineError> {
        let found =
            self.find(role, layer, expert, "weight").ok_or_else(|| self.missing(role, layer))?;
        let bias = self.find(role, layer, expert, "bias").map(|found| found.view.to_f32());
        Ok(Matrix { name: found.name, stored: found.view, turned: None, bias })
    }

    fn norm(
        &self,
        role: Role,
        layer: usize,
        width: usize,
    ) -> Result<Option<NormWeights>, EngineError> {
        let Some(found) = self.find(role, layer, 0, "weight") else {
            return Ok(self.plain_norm(role, width));
        };
        let mut weight = found.view.to_f32();
        if weight.len() != width {
            return Err(EngineError::tensor(&found.name, shape_words(&found.view)));
        }
        if self.config.norm.kind == NormKind::RmsPlusOne {
            for value in &mut weight {
                *value += 1.0;
            }
        }
        let bias = self.find(role, layer, 0, "bias").map(|found| found.view.to_f32());
        let bias = bias.filter(|bias| bias.len() == width).unwrap_or_else(|| vec![0.0; width]);
        Ok(Some(NormWeights { weight, bias }))
    }

    /// The norm of queries or keys, of which there are `heads`.
    fn head_norm(
        &self,
        role: Role,
        layer: usize,
        heads: usize,
    ) -> Result<Option<NormWeights>, EngineError> {
        let dim = self.config.head_dim;
        let width = match self.config.qk_norm {
            QkNorm::None => return Ok(None),
            QkNorm::PerHead => dim,
            QkNorm::Whole | QkNorm::EachHead => heads * dim,
        };
        if self.config.qk_norm == QkNorm::EachHead && !self.gguf {
            let mut weight = Vec::with_capacity(width);
            for head in 0..heads {
                let found = self.find(role, layer, head, "weight");
                let found = found.ok_or_else(|| self.missing(role, layer))?;
                if found.view.columns() != dim {
                    return Err(EngineError::tensor(&found.name, shape_words(&found.view)));
                }
                weight.extend(found.view.to_f32());
            }
            return Ok(Some(NormWeights { bias: vec![0.0; weight.len()], weight }));
        }
        let norm = self.norm(role, layer, width)?;
        norm.ok_or_else(|| self.missing(role, layer)).map(Some)
    }

    /// OLMo's norms have no weights.
    fn plain_norm(&self, role: Role, width: usize) -> Option<NormWeights> {
        let norms = [Role::AttentionNorm, Role::MlpNorm, Role::OutputNorm];
        (self.config.plain_norms && norms.contains(&role))
            .then(|| NormWeights { weight: vec![1.0; width], bias: vec![0.0; width] })
    }

    fn find(&self, role: Role, layer: usize, expert: usize, part: &str) -> Option<Found<'a>> {
        self.candidates(role, layer, expert).into_iter().find_map(|base| {
            let name = format!("{base}.{part}");
            let view = self.checkpoint.find(&name)?;
            Some(Found { name, view })
        })
    }

    /// The names a tensor may have, likeliest first. Base checkpoints lack the first part of the name; multimodal ones
    /// have more before it.
    fn candidates(&self, role: Role, layer: usize, expert: usize) -> Vec<String> {
        let family = self.config.family;
        let templates =
            if self.gguf { names::gguf(family, role) } else { names::hugging_face(family, role) };
        let mut found = Vec::new();
        for template in templates.unwrap_or_default().split('|').filter(|name| !name.is_empty()) {
            let name = template.replacen("{}", &layer.to_string(), 1);
            let name = name.replacen("{}", &expert.to_string(), 1);
            found.push(name.clone());
            if self.gguf {
                continue;
            }
            found.push(format!("language_model.{name}"));
            if let Some((first, rest)) = name.split_once('.') {
                found.push(rest.to_owned());
                found.push(format!("{first}.language_model.{rest}"));
            }
        }
        found
    }

    fn missing(&self, role: Role, layer: usize) -> EngineError {
        let name = self.candidates(role, layer, 0).into_iter().next();
        let name = name.unwrap_or_else(|| format!("{role:?}"));
        EngineError::tensor(&format!("{name}.weight"), "is missing")
    }

    fn check(&self, matrix: &Matrix<'_>, rows: usize, columns: usize) -> Result<(), EngineError> {
        let view = matrix.view();
        if view.rows() == rows && view.columns() == columns {
            return Ok(());
        }
        let found = shape_words(&view);
        let model = &self.config.family_name;
        Err(EngineError::tensor(
            &matrix.name,
            format!("{found}, but the `{model}` configuration says {rows} x {columns}"),
        ))
    }

    /// Packs slices one after the other; neighbours of one storage type share their panels.
    fn linear(&self, slices: &[Slice<'_>]) -> Linear {
        let mut parts = Vec::new();
        let mut rows: Vec<RowSource<'_>> = Vec::new();
        for slice in slices {
            let view = slice.matrix.view();
            let differs = rows.first().is_some_and(|row| row.view.dtype != view.dtype);
            if differs && self.keep == Keep::AsStored {
                parts.push(self.pack(&rows));
                rows.clear();
            }
            rows.extend(slice.rows.iter().map(|row| RowSource { view, row: *row }));
        }
        parts.push(self.pack(&rows));
        let mut bias = Vec::new();
        if slices.iter().any(|slice| slice.matrix.bias.is_some()) {
            for slice in slices {
                let own = slice.matrix.bias.as_deref();
                let value = |row: &usize| own.and_then(|bias| bias.get(*row)).copied();
                bias.extend(slice.rows.iter().map(|row| value(row).unwrap_or(0.0)));
            }
        }
        Linear { parts, bias }
    }

    fn pack(&self, rows: &[RowSource<'_>]) -> Panels {
        match self.keep {
            Keep::AsStored => Panels::pack(rows),
            Keep::AsF32 => Panels::pack_as_f32(rows),
        }
    }
}

fn whole<'a>(matrix: &'a Matrix<'a>) -> Slice<'a> {
    Slice { matrix, rows: (0..matrix.view().rows()).collect() }
}

fn shape_words(view: &TensorView<'_>) -> String {
    format!("has the shape {:?}", view.shape)
}

/// Where each query, key and value row lies when every key's queries, key and value are stored together.
fn grouped_rows(config: &ModelConfig) -> Vec<usize> {
    let (dim, group) = (config.head_dim, config.heads / config.kv_heads);
    let block = (group + 2) * dim;
    let rows = |first: usize, count: usize| {
        (0..config.kv_heads)
            .flat_map(move |kv| (0..count * dim).map(move |row| kv * block + first * dim + row))
    };
    rows(0, group).chain(rows(group, 1)).chain(rows(group + 1, 1)).collect()
}

/// Where each row of a query or key matrix lies; ggml stores rotated pairs as neighbours.
fn rotation_rows(config: &ModelConfig, heads: usize) -> Vec<usize> {
    let dim = config.head_dim;
    let place = |row: usize| {
        let (head, within) = (row / dim, row % dim);
        let (half, pair) = (within / (dim / 2), within % (dim / 2));
        head * dim + 2 * pair + half
    };
    let rows = 0..heads * dim;
    if config.permuted { rows.map(place).collect() } else { rows.collect() }
}
