//! spaCy's dependency parser, as far as its labels: greedy arc-eager transitions that may reconsider (`_parser_internals/arc_eager.pyx`,
//! `_state.pxd`; Honnibal and Johnson 2015).

use super::msgpack::{self, Value};
use super::network::{Linear, add, largest};
use super::weights::Weights;

/// Tokens that a decision looks at.
const FEATURES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Shift,
    Reduce,
    Left,
    Right,
    Break,
}

const MOVES: [Move; 5] = [Move::Shift, Move::Reduce, Move::Left, Move::Right, Move::Break];

struct Action {
    kind: Move,
    label: String,
}

/// The parser.
pub(super) struct Parser {
    /// From a token's vector to the parser's own.
    project: Linear,
    /// From a token's vector to its share in the hidden layer, for each place that it can have.
    hidden: Linear,
    /// The shares of places without a token.
    missing: Vec<f32>,
    hidden_bias: Vec<f32>,
    pieces: usize,
    score: Linear,
    actions: Vec<Action>,
}

impl Parser {
    /// Reads `parser/model` and `parser/moves`.
    pub(super) fn read(model: &[u8], moves: &[u8]) -> Result<Self, String> {
        let weights = Weights::read(model)?;
        let lower = weights.role("lower")?;
        let (shares, bias) = (lower.array("W")?, lower.array("b")?);
        let [FEATURES, width, pieces, inputs] = shares.shape[..] else {
            return Err(format!("its hidden layer has the shape {:?}", shares.shape));
        };
        // The token's own projection is the network's other layer of that name, beside the last.
        let [_, project] = weights.nodes("linear")?[..] else {
            return Err("it has not two plain layers".to_owned());
        };
        let outputs = FEATURES * width * pieces;
        let parser = Self {
            project: Linear::read(project)?,
            hidden: Linear::new(&shares, inputs, outputs, vec![0.0; outputs])?,
            missing: lower.array("pad")?.values,
            hidden_bias: bias.values,
            pieces,
            score: Linear::read(weights.role("upper")?)?,
            actions: actions(moves)?,
        };
        let fits = parser.project.outputs() == inputs
            && parser.missing.len() == outputs
            && parser.hidden_bias.len() == width * pieces
            && pieces > 0
            && parser.score.inputs() == width
            && parser.score.outputs() == parser.actions.len();
        if fits { Ok(parser) } else { Err("its layers don't fit one another".to_owned()) }
    }

    /// Numbers per token that it reads.
    pub(super) fn width(&self) -> usize {
        self.project.inputs()
    }

    /// Each token's relation to its head, from the tokens' vectors.
    pub(super) fn labels(&self, vectors: &[f32]) -> Vec<&str> {
        let count = vectors.len() / self.project.inputs();
        let shares = self.hidden.apply(&self.project.apply(vectors));
        let mut state = State::new(count);
        while !state.is_final() {
            let scores = self.scores(&state, &shares);
            let is_valid = MOVES.map(|kind| state.is_valid(kind));
            let mut best: Option<(usize, f32)> = None;
            for (at, (action, score)) in self.actions.iter().zip(scores).enumerate() {
                if is_valid[action.kind as usize] && best.is_none_or(|(_, most)| score > most) {
                    best = Some((at, score));
                }
            }
            // Without a valid action spaCy ends as well.
            let Some((best, _)) = best else { break };
            state.apply(self.actions[best].kind, best);
        }
        state.arcs.iter().map(|arc| self.label(*arc)).collect()
    }

    /// The label of an arc; of a token without a head, that of a root. What a non-projective label says of the head is left out.
    fn label(&self, arc: Option<(usize, usize)>) -> &str {
        let label = arc.map_or("ROOT", |(_, action)| self.actions[action].label.as_str());
        label.split_once("||").map_or(label, |(label, _)| label)
    }

    fn scores(&self, state: &State, shares: &[f32]) -> Vec<f32> {
        let width = self.hidden_bias.len();
        let mut sum = vec![0.0; width];
        for (place, token) in state.context().into_iter().enumerate() {
            let of_token = match token {
                Some(token) => &shares[token * FEATURES * width..],
                None => &self.missing,
            };
            add(&mut sum, &of_token[place * width..(place + 1) * width]);
        }
        add(&mut sum, &self.hidden_bias);
        let hidden: Vec<f32> = sum.chunks_exact(self.pieces).map(largest).collect();
        self.score.apply(&hidden)
    }
}

/// The actions in the order of the network's outputs: by kind, then the most frequent first.
fn actions(moves: &[u8]) -> Result<Vec<Action>, String> {
    let wrong = || "its list of moves can't be read".to_owned();
    let file = msgpack::read(moves)?;
    let moves = file.get("moves").and_then(Value::text).ok_or_else(wrong)?;
    let moves: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(moves).map_err(|_| wrong())?;
    let mut actions = Vec::new();
    for (number, kind) in MOVES.into_iter().enumerate() {
        let labels = moves.get(&number.to_string()).and_then(serde_json::Value::as_object);
        let mut labels = labels
            .into_iter()
            .flatten()
            .map(|(label, count)| Some((count.as_i64().filter(|count| *count >= 0)?, label)))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(wrong)?;
        labels.sort_unstable_by(|a, b| b.cmp(a));
        actions.extend(labels.into_iter().map(|(_, label)| Action { kind, label: label.clone() }));
    }
    Ok(actions)
}

/// Where the parser stands in a text.
struct State {
    length: usize,
    stack: Vec<usize>,
    /// Tokens that were put back, the next one last.
    put_back: Vec<usize>,
    /// The first token that was never shifted.
    next: usize,
    /// Each token's head and the action that gave it.
    arcs: Vec<Option<(usize, usize)>>,
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    was_put_back: Vec<bool>,
    starts_sentence: Vec<bool>,
}

impl State {
    fn new(length: usize) -> Self {
        let mut starts_sentence = vec![false; length];
        if let Some(first) = starts_sentence.first_mut() {
            *first = true;
        }
        Self {
            length,
            stack: Vec::new(),
            put_back: Vec::new(),
            next: 0,
            arcs: vec![None; length],
            left: vec![Vec::new(); length],
            right: vec![Vec::new(); length],
            was_put_back: vec![false; length],
            starts_sentence,
        }
    }

    fn on_stack(&self, depth: usize) -> Option<usize> {
        self.stack.iter().rev().nth(depth).copied()
    }

    fn in_buffer(&self, at: usize) -> Option<usize> {
        match at.checked_sub(self.put_back.len()) {
            None => self.put_back.iter().rev().nth(at).copied(),
            Some(at) => Some(self.next + at).filter(|token| *token < self.length),
        }
    }

    fn buffer_length(&self) -> usize {
        self.length - self.next + self.put_back.len()
    }

    fn is_final(&self) -> bool {
        self.stack.is_empty() && self.buffer_length() == 0
    }

    fn context(&self) -> [Option<usize>; FEATURES] {
        let last = |children: &[Vec<usize>], head: Option<usize>| children[head?].last().copied();
        let (buffer, stack) = (self.in_buffer(0), self.on_stack(0));
        [
            buffer,
            self.in_buffer(1),
            stack,
            self.on_stack(1),
            self.on_stack(2),
            last(&self.left, buffer),
            last(&self.left, stack),
            last(&self.right, stack),
        ]
    }

    fn is_valid(&self, kind: Move) -> bool {
        let starts_sentence =
            |token: Option<usize>| token.is_some_and(|token| self.starts_sentence[token]);
        let buffer = self.in_buffer(0);
        match kind {
            Move::Shift if self.stack.is_empty() => true,
            Move::Shift => {
                self.buffer_length() >= 2
                    && !starts_sentence(buffer)
                    && buffer.is_none_or(|token| !self.was_put_back[token])
            }
            Move::Reduce => !self.stack.is_empty(),
            Move::Left | Move::Right => {
                !self.stack.is_empty() && self.buffer_length() > 0 && !starts_sentence(buffer)
            }
            Move::Break => {
                let second = self.in_buffer(1);
                self.buffer_length() >= 2
                    && second == buffer.map(|token| token + 1)
                    && !starts_sentence(second)
            }
        }
    }

    fn apply(&mut self, kind: Move, action: usize) {
        match (kind, self.on_stack(0), self.in_buffer(0)) {
            (Move::Shift, ..) => self.push(),
            (Move::Reduce, Some(top), _) => {
                let top_alone = self.stack.len() == 1;
                self.stack.pop();
                if self.arcs[top].is_none() && !top_alone {
                    self.was_put_back[top] = true;
                    self.put_back.push(top);
                }
            }
            (Move::Left, Some(top), Some(next)) => {
                self.attach(top, next, action);
                self.was_put_back[next] = false;
                self.stack.pop();
            }
            (Move::Right, Some(top), Some(next)) => {
                self.attach(next, top, action);
                self.push();
            }
            (Move::Break, ..) => {
                if let Some(second) = self.in_buffer(1) {
                    self.starts_sentence[second] = true;
                }
            }
            _ => {}
        }
    }

    fn push(&mut self) {
        let next = self.put_back.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        });
        self.stack.push(next);
    }

    /// Gives a token its head. The head it had loses it if it was that head's last child, which is all that spaCy undoes.
    fn attach(&mut self, child: usize, head: usize, action: usize) {
        if let Some((former, _)) = self.arcs[child] {
            let children = self.children(former, child);
            if children.last() == Some(&child) {
                children.pop();
            }
        }
        self.children(head, child).push(child);
        self.arcs[child] = Some((head, action));
    }

    fn children(&mut self, head: usize, child: usize) -> &mut Vec<usize> {
        if head > child { &mut self.left[head] } else { &mut self.right[head] }
    }
}
