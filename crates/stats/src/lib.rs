//! Pure statistics: what is known about a number, and whether two numbers differ.
//!
//! Everything is a function of its arguments. What needs chance takes a seed, and its result does not depend on the
//! number of threads. Units that were made from one template form a *cluster*: intervals and tests treat clusters, not
//! units, as independent, because otherwise they promise far more than the data can hold.
//!
//! This crate knows nothing of models, scenarios or metrics.

pub mod agreement;
pub mod bootstrap;
pub mod calibration;
pub mod cluster;
pub mod correlation;
pub mod difference;
pub mod distance;
pub mod distribution;
pub mod equivalence;
pub mod group_gap;
pub mod group_rates;
pub mod interval;
pub mod mixed;
pub mod multiplicity;
pub mod paired;
pub mod power;
pub mod ranks;
pub mod rng;
pub mod win_rate;

pub use bootstrap::{
    BootstrapKind, BootstrapOptions, bootstrap_statistic, bootstrap_statistics, bootstrap_totals,
    bootstrap_totals_many,
};
pub use cluster::{ClusterSummary, Clusters};
pub use interval::{Interval, mean_interval, proportion_interval, wilson};
