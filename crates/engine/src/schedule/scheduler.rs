//! The loop that fills batches and hands out results.

use std::borrow::Cow;
use std::time::Instant;

use holometer_core::{
    Cancel, Completion, FailureKind, Finished, Outcome, RequestKey, Sink, TokenId, Tokenizer,
};
use rayon::prelude::*;

use super::active::{Active, Progress, Texts};
use super::job::{Job, Work};
use super::result::{Ending, JobState};
use super::sample::{Distribution, Sampler};
use super::tree::{self, Node, generation_pages};
use crate::decoder::{Decoder, KvCache, PageId, Run, Workspace};
use crate::kernels::attention::PAGE;

/// Bounds of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Rows of one step.
    pub(crate) rows: usize,
    /// Sequences that are written at the same time.
    pub(crate) sequences: usize,
    /// Rows whose logits are computed together.
    pub(crate) logit_rows: usize,
}

/// What all steps share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) decoder: &'a Decoder,
    pub(crate) tokenizer: &'a dyn Tokenizer,
    pub(crate) end_tokens: &'a [TokenId],
    pub(crate) limits: Limits,
    pub(crate) cancel: &'a Cancel,
    pub(crate) sink: Sink<'a>,
    /// Receives the vectors of texts that are embedded; what goes wrong with one goes to `sink`.
    pub(crate) vectors: &'a (dyn Fn(RequestKey, Vec<f32>) + Send + Sync),
}

/// All work of one call.
pub(crate) struct Scheduler<'a> {
    shared: Shared<'a>,
    jobs: &'a [Job],
    nodes: Vec<Node>,
    states: Vec<NodeState>,
    results: Vec<JobState>,
    /// What can be computed next, last first.
    ready: Vec<Ready>,
    active: Vec<Active>,
    kv: &'a mut KvCache,
    work: &'a mut Workspace,
}

#[derive(Default)]
struct NodeState {
    pages: Vec<PageId>,
    done: usize,
    /// Children and generations that still need this node's pages.
    pending: usize,
    open: bool,
    seconds: f64,
}

#[derive(Clone, Copy)]
enum Ready {
    Node(usize),
    Generation { node: usize, job: usize, completion: usize },
}

/// Whose a final state is: a node's, with a place in it, or a running sequence's.
type Owner = (Option<usize>, usize);

/// A stretch of a node in the coming step.
struct Part {
    node: usize,
    from: usize,
    count: usize,
    /// Which of its rows are wanted, counted from `from`.
    wanted: Vec<usize>,
}

impl<'a> Scheduler<'a> {
    pub(crate) fn new(
        shared: Shared<'a>,
        jobs: &'a [Job],
        kv: &'a mut KvCache,
        work: &'a mut Workspace,
    ) -> Self {
        let nodes = tree::build(jobs);
        let states = nodes.iter().map(|_| NodeState::default()).collect();
        let results = jobs.iter().map(JobState::new).collect();
        Self {
            shared,
            jobs,
            nodes,
            states,
            results,
            ready: Vec::new(),
            active: Vec::new(),
            kv,
            work,
        }
    }

    /// Does all the work, or stops soon after a cancellation.
    pub(crate) fn run(mut self) {
        for job in 0..self.jobs.len() {
            if self.results[job].is_complete() {
                self.finish_job(job);
            }
        }
        self.states[0].open = true;
        self.complete_node(0);
        while !self.shared.cancel.is_cancelled() {
            let parts = self.fill();
            if parts.is_empty() && self.active.is_empty() {
                break;
            }
            let start = Instant::now();
            let Some(states) = self.forward(&parts) else { break };
            self.account(&parts, start.elapsed().as_secs_f64());
            self.deliver(&parts, &states);
            self.advance(&parts);
        }
        if !self.shared.cancel.is_cancelled() {
            self.give_up();
        }
        self.release_all();
    }

    /// Chooses what the next step computes besides the running sequences.
    fn fill(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut rows = self.active.len();
        while rows < self.shared.limits.rows {
            let Some(ready) = self.ready.last().copied() else { break };
            match ready {
                Ready::Node(node) => {
                    if !self.states[node].open && !self.open(node) {
                        break;
                    }
                    let left = self.nodes[node].length - self.states[node].done;
                    let count = left.min(self.shared.limits.rows - rows);
                    parts.push(self.part(node, count));
                    rows += count;
                    if count < left {
                        break;
                    }
                    self.ready.pop();
                }
                Ready::Generation { node, job, completion } => {
                    if !self.start(node, job, completion) {
                        break;
                    }
                    self.ready.pop();
                    rows += 1;
                }
            }
        }
        parts
    }

    fn part(&self, node: usize, count: usize) -> Part {
        let from = self.states[node].done;
        let mut wanted: Vec<usize> = self.nodes[node]
            .wanted
            .iter()
            .filter(|(place, ..)| (from..from + count).contains(place))
            .map(|(place, ..)| place - from)
            .collect();
        wanted.dedup();
        Part { node, from, count, wanted }
    }

    /// Pages that nobody has and nobody was promised.
    fn spare(&self) -> usize {
        let promised: usize = self.active.iter().map(|active| active.promised).sum();
        self.kv.available().saturating_sub(promised)
    }

    /// Gives a node its pages, if there remain enough for any path below it: then it can be finished and its pages come
    /// back, after which the same holds for whatever was open before.
    fn open(&mut self, node: usize) -> bool {
        if self.spare() < self.nodes[node].own_pages() + self.nodes[node].pages_below {
            return false;
        }
        let parent = self.nodes[node].parent.expect("the root is opened at the start");
        let end = self.nodes[node].end();
        let mut pages = self.inherit(parent, self.nodes[node].start);
        while pages.len() < end.div_ceil(PAGE) {
            pages.push(self.kv.take());
        }
        self.states[node].pages = pages;
        self.states[node].open = true;
        true
    }

    /// The pages of a parent up to a position: whole ones shared, the last one copied if it is not full.
    fn inherit(&mut self, parent: usize, end: usize) -> Vec<PageId> {
        let mut pages: Vec<PageId> = self.states[parent].pages[..end / PAGE].to_vec();
        for page in &pages {
            self.kv.share(*page);
        }
        if !end.is_multiple_of(PAGE) {
            pages.push(self.kv.copy(self.states[parent].pages[end / PAGE]));
        }
        pages
    }

    /// Starts a completion, if there is room for all of it.
    fn start(&mut self, node: usize, job: usize, completion: usize) -> bool {
        let Work::Generate { prompt, decoding, seed, .. } = &self.jobs[job].work else {
            unreachable!("only generation jobs start completions");
        };
        let pages = generation_pages(&self.jobs[job]);
        if self.active.len() >= self.shared.limits.sequences || self.spare() < pages {
            return false;
        }
        let start = prompt.len() - 1;
        let before = self.kv.available();
        let inherited = self.inherit(node, start);
        let taken = before - self.kv.available();
        self.active.push(Active {
            job,
            completion,
            pages: inherited,
            promised: pages - taken,
            next: prompt[start],
            position: start,
            sampler: Sampler::new(decoding, *seed, completion),
            max_new: self.jobs[job].max_new(),
            written: Vec::new(),
            scored: Vec::new(),
            seconds: 0.0,
        });
        self.settle(node);
        true
    }

    /// Runs one step; returns the wanted final states, those of the parts first.
    fn forward(&mut self, parts: &[Part]) -> Option<Vec<f32>> {
        for active in &mut self.active {
            if active.position / PAGE == active.pages.len() {
                active.pages.push(self.kv.take());
                active.promised = active.promised.saturating_sub(1);
            }
        }
        let mut runs: Vec<Run<'_>> = parts
            .iter()
            .map(|part| {
                let node = &self.nodes[part.node];
                let start = node.start + part.from;
                Run {
                    tokens: &self.jobs[node.job].inputs()[start..start + part.count],
                    position: start,
                    pages: &self.states[part.node].pages,
                    wanted: &part.wanted,
                }
            })
            .collect();
        runs.extend(self.active.iter().map(|active| Run {
            tokens: std::slice::from_ref(&active.next),
            position: active.position,
            pages: &active.pages,
            wanted: &[0],
        }));
        let cancel = self.shared.cancel;
        let stop = || cancel.is_cancelled();
        self.shared.decoder.forward(&runs, self.kv, self.work, &stop).map(<[f32]>::to_vec)
    }

    /// Turns final states into distributions and gives them to those who want them.
    fn deliver(&mut self, parts: &[Part], states: &[f32]) {
        let width = self.shared.decoder.config.embedding_width;
        let vocabulary = self.shared.decoder.config.vocabulary;
        let mut owners: Vec<Owner> = Vec::new();
        for part in parts {
            owners.extend(part.wanted.iter().map(|place| (Some(part.node), part.from + place)));
        }
        owners.extend((0..self.active.len()).map(|index| (None, index)));
        let (owners, states) = self.pool(owners, states);
        let mut done = Vec::new();
        let chunk = self.shared.limits.logit_rows;
        for (owners, states) in owners.chunks(chunk).zip(states.chunks(chunk * width)) {
            let mut work = std::mem::take(self.work);
            let start = Instant::now();
            let decoder = self.shared.decoder;
            let rows = &*decoder.logits(states, &mut work);
            let rows = rows.par_chunks_exact(vocabulary);
            let rows: Vec<_> = rows.map(|row| Distribution::new(decoder.isa, row)).collect();
            let share = start.elapsed().as_secs_f64() / owners.len() as f64;
            for (node, place) in owners {
                match node {
                    Some(node) => self.states[*node].seconds += share,
                    None => self.active[*place].seconds += share,
                }
            }
            for ((node, place), row) in owners.iter().zip(&rows) {
                match node {
                    Some(node) => self.score(*node, *place, row),
                    None => done.extend(self.write(*place, row)),
                }
            }
            drop(rows);
            *self.work = work;
        }
        for (index, completion) in done.into_iter().rev() {
            self.finish_completion(index, completion);
        }
    }

    /// Adds final states to the sums of texts that are embedded; what is left are those that need logits.
    fn pool<'s>(&mut self, owners: Vec<Owner>, states: &'s [f32]) -> (Vec<Owner>, Cow<'s, [f32]>) {
        if !self.jobs.iter().any(|job| matches!(job.work, Work::Embed { .. })) {
            return (owners, Cow::Borrowed(states));
        }
        let width = self.shared.decoder.config.embedding_width;
        let (mut left, mut left_states) = (Vec::new(), Vec::new());
        for (owner, state) in owners.into_iter().zip(states.chunks_exact(width)) {
            let needs_logits = match owner {
                (Some(node), place) => self.add_state(node, place, state),
                (None, _) => true,
            };
            if needs_logits {
                left.push(owner);
                left_states.extend_from_slice(state);
            }
        }
        (left, Cow::Owned(left_states))
    }

    /// Adds one state to all texts that want it; says whether anything else wants its logits.
    fn add_state(&mut self, node: usize, place: usize, state: &[f32]) -> bool {
        let mut needs_logits = false;
        let mut finished = Vec::new();
        for (_, job, _) in wanted_at(&self.nodes[node], place) {
            if !matches!(self.jobs[*job].work, Work::Embed { .. }) {
                needs_logits = true;
                continue;
            }
            let result = &mut self.results[*job];
            result.sums.resize(state.len(), 0.0);
            for (sum, value) in result.sums.iter_mut().zip(state) {
                *sum += f64::from(*value);
            }
            result.missing -= 1;
            if result.missing == 0 {
                finished.push(*job);
            }
        }
        for job in finished {
            self.finish_job(job);
        }
        needs_logits
    }

    /// Notes the log-probabilities that are wanted after one place of a node.
    fn score(&mut self, node: usize, place: usize, distribution: &Distribution<'_>) {
        let mut finished = Vec::new();
        for (_, job, index) in wanted_at(&self.nodes[node], place) {
            let Work::Score { tokens, first, .. } = &self.jobs[*job].work else { continue };
            let result = &mut self.results[*job];
            result.broken |= !distribution.is_sound();
            result.logprobs[*index] = distribution.logprob(tokens[first + index]);
            result.missing -= 1;
            if result.missing == 0 {
                finished.push(*job);
            }
        }
        for job in finished {
            self.finish_job(job);
        }
    }

    /// Writes one token of a running sequence.
    fn write(
        &mut self,
        index: usize,
        distribution: &Distribution<'_>,
    ) -> Option<(usize, Completion)> {
        let active = &mut self.active[index];
        let Work::Generate { decoding, .. } = &self.jobs[active.job].work else { return None };
        let texts = Texts { tokenizer: self.shared.tokenizer, end_tokens: self.shared.end_tokens };
        self.results[active.job].broken |= !distribution.is_sound();
        match active.step(texts, decoding, distribution) {
            Progress::Goes => None,
            Progress::Done(completion) => Some((index, completion)),
        }
    }

    fn finish_completion(&mut self, index: usize, completion: Completion) {
        let active = self.active.swap_remove(index);
        for page in &active.pages {
            self.kv.release(*page);
        }
        let result = &mut self.results[active.job];
        result.seconds += active.seconds;
        result.written += active.written.len();
        result.completions.insert(active.completion, completion);
        if result.completions.len() == result.wanted_completions {
            self.finish_job(active.job);
        }
    }

    /// Shares a step's time out among its rows.
    fn account(&mut self, parts: &[Part], seconds: f64) {
        let rows = self.active.len() + parts.iter().map(|part| part.count).sum::<usize>();
        let share = seconds / rows.max(1) as f64;
        for active in &mut self.active {
            active.seconds += share;
        }
        for part in parts {
            self.states[part.node].seconds += share * part.count as f64;
        }
    }

    /// Moves on in the tree.
    fn advance(&mut self, parts: &[Part]) {
        for part in parts {
            let state = &mut self.states[part.node];
            state.done += part.count;
            if state.done == self.nodes[part.node].length {
                self.complete_node(part.node);
            }
        }
    }

    /// Whatever is still waiting when nothing can go on needs more memory than there is.
    fn give_up(&mut self) {
        for job in 0..self.jobs.len() {
            if self.results[job].is_complete() {
                continue;
            }
            let outcome = Outcome::failed(
                FailureKind::Resources,
                "the memory limit leaves too little room for this request; raise `--max-memory`",
            );
            let key = self.jobs[job].key;
            (self.shared.sink)(Finished { key, outcome, seconds: 0.0, retries: 0 });
        }
    }

    /// Makes what comes after a node ready.
    fn complete_node(&mut self, node: usize) {
        let before = self.ready.len();
        for child in &self.nodes[node].children {
            self.ready.push(Ready::Node(*child));
        }
        for job in &self.nodes[node].generations {
            for completion in 0..JobState::computed_completions(&self.jobs[*job]) {
                self.ready.push(Ready::Generation { node, job: *job, completion });
            }
        }
        self.states[node].pending = self.ready.len() - before + 1;
        self.ready[before..].reverse();
        self.settle(node);
    }

    /// One fewer needs a node's pages; the last one frees them and tells the parent.
    fn settle(&mut self, node: usize) {
        let mut at = Some(node);
        while let Some(index) = at {
            let state = &mut self.states[index];
            state.pending -= 1;
            if state.pending > 0 {
                return;
            }
            state.open = false;
            for page in std::mem::take(&mut state.pages) {
                self.kv.release(page);
            }
            at = self.nodes[index].parent;
        }
    }

    fn finish_job(&mut self, job: usize) {
        let result = std::mem::take(&mut self.results[job]);
        let seconds = result.seconds + self.shared_seconds(job);
        let (job, tokenizer) = (&self.jobs[job], self.shared.tokenizer);
        let outcome = match result.ending(job, tokenizer) {
            Ending::Vector(vector) => return (self.shared.vectors)(job.key, vector),
            Ending::Outcome(outcome) => outcome,
        };
        (self.shared.sink)(Finished { key: job.key, outcome, seconds, retries: 0 });
    }

    /// A job's share of the time spent on the nodes that its prompt runs through.
    fn shared_seconds(&self, job: usize) -> f64 {
        let inputs = self.jobs[job].inputs();
        let mut seconds = 0.0;
        let mut node = 0;
        loop {
            let end = self.nodes[node].end();
            seconds += self.states[node].seconds / self.nodes[node].jobs.max(1) as f64;
            let child = self.nodes[node].children.iter().find(|child| {
                let child = &self.nodes[**child];
                let own = &self.jobs[child.job].inputs()[end..child.end()];
                inputs.get(end..child.end()) == Some(own)
            });
            match child {
                Some(child) => node = *child,
                None => return seconds,
            }
        }
    }

    fn release_all(&mut self) {
        let active = std::mem::take(&mut self.active);
        let pages = active.into_iter().flat_map(|active| active.pages);
        let states = std::mem::take(&mut self.states);
        let pages = pages.chain(states.into_iter().flat_map(|state| state.pages));
        for page in pages.collect::<Vec<_>>() {
            self.kv.release(page);
        }
    }
}

/// Who wants the state at one place of a node.
fn wanted_at(node: &Node, place: usize) -> impl Iterator<Item = &(usize, usize, usize)> {
    let first = node.wanted.partition_point(|(own, ..)| *own < place);
    node.wanted[first..].iter().take_while(move |(own, ..)| *own == place)
}
