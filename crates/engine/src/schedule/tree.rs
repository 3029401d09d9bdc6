//! A prefix tree over the requests' tokens: what several requests begin with is one node, computed once.

use holometer_core::TokenId;

use super::job::{Job, Work};
use crate::embed::Pooling;
use crate::kernels::attention::PAGE;

/// A stretch of tokens after its parent's.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) parent: Option<usize>,
    pub(crate) children: Vec<usize>,
    /// The position of its first token.
    pub(crate) start: usize,
    /// A job that runs through this node, whose inputs hold its tokens.
    pub(crate) job: usize,
    pub(crate) length: usize,
    /// Jobs at or below this node.
    pub(crate) jobs: usize,
    /// Generation jobs that start after this node.
    pub(crate) generations: Vec<usize>,
    /// Which positions' final states are wanted: position within the node, job, index among those that the job wants.
    pub(crate) wanted: Vec<(usize, usize, usize)>,
    /// The most pages that any path below this node takes, beyond those of the node itself.
    pub(crate) pages_below: usize,
}

impl Node {
    /// The position after its last token.
    pub(crate) fn end(&self) -> usize {
        self.start + self.length
    }

    /// Pages that it takes beyond those it shares with its parent.
    pub(crate) fn own_pages(&self) -> usize {
        pages_between(self.start, self.end())
    }
}

/// Pages that a stretch of positions takes when those before it are shared; a page that is shared in part is copied.
pub(crate) fn pages_between(start: usize, end: usize) -> usize {
    if end == start { 0 } else { end.div_ceil(PAGE) - start / PAGE }
}

/// Builds the tree. Node 0 is the root and has no tokens.
pub(crate) fn build(jobs: &[Job]) -> Vec<Node> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by(|a, b| jobs[*a].inputs().cmp(jobs[*b].inputs()).then(a.cmp(b)));
    let mut nodes = vec![new_node(None, 0, 0, 0)];
    // The path from the root to the last inserted job.
    let mut path = vec![0];
    let mut before: &[TokenId] = &[];
    for job in order {
        let inputs = jobs[job].inputs();
        let common = inputs.iter().zip(before).take_while(|(a, b)| a == b).count();
        while path.len() > 1 && nodes[path[path.len() - 1]].start >= common {
            path.pop();
        }
        let mut last = path[path.len() - 1];
        if nodes[last].end() > common {
            last = split(&mut nodes, last, common);
            *path.last_mut().expect("the root stays on the path") = last;
        }
        if inputs.len() > common {
            let node = new_node(Some(last), common, job, inputs.len() - common);
            nodes.push(node);
            let fresh = nodes.len() - 1;
            nodes[last].children.push(fresh);
            path.push(fresh);
            last = fresh;
        }
        if let Work::Generate { .. } = jobs[job].work {
            nodes[last].generations.push(job);
        }
        place_wanted(&mut nodes, last, job, &jobs[job]);
        before = inputs;
    }
    measure(&mut nodes, jobs);
    nodes
}

fn new_node(parent: Option<usize>, start: usize, job: usize, length: usize) -> Node {
    Node {
        parent,
        children: Vec::new(),
        start,
        job,
        length,
        jobs: 0,
        generations: Vec::new(),
        wanted: Vec::new(),
        pages_below: 0,
    }
}

/// Cuts a node at a position; the new upper part takes its place below its parent and is returned.
fn split(nodes: &mut Vec<Node>, lower: usize, at: usize) -> usize {
    let upper = nodes.len();
    let (parent, start, job) = (nodes[lower].parent, nodes[lower].start, nodes[lower].job);
    let mut node = new_node(parent, start, job, at - start);
    node.children.push(lower);
    node.jobs = nodes[lower].jobs;
    let offset = at - start;
    let (above, below) = nodes[lower].wanted.drain(..).partition(|(place, ..)| *place < offset);
    node.wanted = above;
    let below: Vec<(usize, usize, usize)> = below;
    nodes[lower].wanted =
        below.into_iter().map(|(place, job, index)| (place - offset, job, index)).collect();
    nodes[lower].parent = Some(upper);
    nodes[lower].start = at;
    nodes[lower].length -= offset;
    if let Some(parent) = parent {
        for child in &mut nodes[parent].children {
            if *child == lower {
                *child = upper;
            }
        }
    }
    nodes.push(node);
    upper
}

/// Notes where a job's final states are wanted, from its last node up to the root.
fn place_wanted(nodes: &mut [Node], last: usize, job: usize, work: &Job) {
    let (first, end) = match &work.work {
        Work::Score { tokens, first, .. } => (first - 1, tokens.len().saturating_sub(1)),
        Work::Generate { .. } => (0, 0),
        Work::Embed { tokens, pooling: Pooling::Mean } => (0, tokens.len()),
        Work::Embed { tokens, pooling: Pooling::Last } => (tokens.len() - 1, tokens.len()),
    };
    let mut at = Some(last);
    while let Some(index) = at {
        let node = &mut nodes[index];
        node.jobs += 1;
        for position in first.max(node.start)..end.min(node.end()) {
            node.wanted.push((position - node.start, job, position - first));
        }
        at = node.parent;
    }
}

/// Sorts what is wanted and measures the pages below every node.
fn measure(nodes: &mut [Node], jobs: &[Job]) {
    for node in nodes.iter_mut() {
        node.wanted.sort_unstable();
        let below = node.generations.iter().map(|job| generation_pages(&jobs[*job]));
        node.pages_below = below.max().unwrap_or(0);
    }
    // Splitting puts parents after children, so go down from the root and come back in reverse.
    let mut order = vec![0];
    let mut next = 0;
    while next < order.len() {
        order.extend(nodes[order[next]].children.clone());
        next += 1;
    }
    for index in order.into_iter().rev() {
        let needed = nodes[index].own_pages() + nodes[index].pages_below;
        if let Some(parent) = nodes[index].parent {
            nodes[parent].pages_below = nodes[parent].pages_below.max(needed);
        }
    }
}

/// Pages that one completion of a generation job takes beyond its prompt's.
pub(crate) fn generation_pages(job: &Job) -> usize {
    let start = job.inputs().len();
    pages_between(start, start + job.max_new().max(1))
}
